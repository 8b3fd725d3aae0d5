"""Commands: messages such as `/add 1 2`, with arguments by the types of the handler's parameters."""

from __future__ import annotations

import datetime
import enum
import inspect
import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Union

from .checks import check_callable

# Words, and texts in quotes, straight ones or those that phones put in their place.
_TOKENS = re.compile(r'["“”„‟]((?:[^"“”„‟\\]|\\.)*)["“”„‟]|(\S+)')
# The pattern of a date and a time without quotes around the two.
_MOMENT = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2}\s+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?!\S)")
_YES = ("yes", "y", "true", "on", "1")
_NO = ("no", "n", "false", "off", "0")
_UNION_TYPES = (Union, getattr(types, "UnionType", Union))


class ArgumentError(ValueError):
    """A command's arguments do not fit; the text is for who wrote them."""


class CommandDefinitionError(TypeError):
    """A handler's parameters cannot be those of a command."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a command.

    Attributes:
        name: Its name, as the usage shows it.
        convert: Makes the value out of a word, and raises `ValueError` with what the word must be.
        required: Whether the command needs it.
        many: Whether it takes all words that are left.
        rest: Whether it takes the text that is left, as it is.
        form: The form of a word that it takes although there is a space in it.
    """

    name: str
    convert: Callable[[str], Any]
    required: bool
    many: bool = False
    rest: bool = False
    form: re.Pattern[str] | None = None

    @property
    def usage(self) -> str:
        """Its form in the usage."""
        shown = f"{self.name}…" if self.many or self.rest else self.name
        return f"<{shown}>" if self.required else f"[{shown}]"


@dataclass(frozen=True)
class Command:
    """A command: its names, what it does, and the arguments it takes; and whether a caption can be it."""

    name: str
    aliases: tuple[str, ...]
    help: str
    hidden: bool
    parameters: tuple[Parameter, ...]
    captions: bool = False

    def usage(self, prefix: str) -> str:
        """Its written form."""
        return " ".join([prefix + self.name, *(parameter.usage for parameter in self.parameters)])

    def parse(self, text: str) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the named arguments for the handler.

        Raises:
            ArgumentError: They do not fit; the text says what is wrong.
        """
        positional: list[Any] = []
        named: dict[str, Any] = {}
        position = 0
        for parameter in self.parameters:
            if parameter.rest:
                rest = text[position:].strip()
                if rest:
                    named[parameter.name] = _converted(parameter, rest)
                elif parameter.required:
                    raise ArgumentError(f"{parameter.name} is missing")
                return positional, named
            while True:
                found = parameter.form.match(text, position) if parameter.form is not None else None
                found = found or _TOKENS.search(text, position)
                if found is None:
                    if parameter.required and not parameter.many:
                        raise ArgumentError(f"{parameter.name} is missing")
                    break
                position = found.end()
                positional.append(_converted(parameter, _word(found)))
                if not parameter.many:
                    break
        if _TOKENS.search(text, position):
            raise ArgumentError("there are more words than the command takes")
        return positional, named


def _word(found: re.Match[str]) -> str:
    if found.re is _MOMENT:
        return " ".join(found[1].split())
    return found[2] if found[1] is None else re.sub(r"\\(.)", r"\1", found[1])


def _converted(parameter: Parameter, word: str) -> Any:
    try:
        return parameter.convert(word)
    except ArgumentError as error:
        raise ArgumentError(f"{parameter.name} {error}") from None
    except ValueError as error:
        raise ArgumentError(f"{parameter.name}: {error}") from None


def split(text: str | None, prefix: str) -> tuple[str, str] | None:
    """A command's name, in small letters, and the text behind it; None when the text is no command."""
    if text is None or not text.startswith(prefix):
        return None
    body = text[len(prefix) :]
    if not body or body[0].isspace():
        return None
    words = body.split(None, 1)
    return words[0].lower(), words[1] if len(words) > 1 else ""


def check_names(*names: object) -> None:
    """Checks names of commands.

    Raises:
        CommandDefinitionError: One cannot be a name.
    """
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"\S+", name):
            raise CommandDefinitionError(f"a command's name is one word, not {name!r}")
        if not (name[0].isalnum() or name[0] == "_"):
            without = re.sub(r"^[\W]+", "", name)
            raise CommandDefinitionError(f"a command's name has no prefix: write {without!r}, not {name!r}")


def define(
    handler: Callable[..., object],
    name: str | None,
    aliases: tuple[str, ...],
    help: str | None,
    hidden: bool,
    captions: bool = False,
) -> Command:
    """The command that a handler is for, by its signature: the message, then the arguments.

    Raises:
        CommandDefinitionError: The signature cannot be that of a command.
    """
    check_callable(handler, "a command's handler")
    shown = str(name or getattr(handler, "__name__", ""))
    check_names(shown, *aliases)
    text = help if help is not None else (inspect.getdoc(handler) or "").split("\n\n")[0].replace("\n", " ")
    parameters = tuple(_parameters(handler))
    return Command(shown.lower(), tuple(alias.lower() for alias in aliases), text, hidden, parameters, captions)


def _parameters(handler: Callable[..., object]) -> list[Parameter]:
    where = getattr(handler, "__qualname__", repr(handler))
    signature = list(inspect.signature(handler).parameters.values())
    if not signature or signature[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        raise CommandDefinitionError(f"{where}: the first parameter of a command's handler is the message")
    hints = _hints(handler)
    found: list[Parameter] = []
    for parameter in signature[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise CommandDefinitionError(f"{where}: a command's handler cannot take **{parameter.name}")
        rest = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        many = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if found and (found[-1].rest or (found[-1].many and not rest)):
            raise CommandDefinitionError(f"{where}: nothing can follow the parameter that takes the rest")
        if found and found[-1].many and rest:
            raise CommandDefinitionError(f"{where}: *{found[-1].name} leaves nothing for {parameter.name}")
        required = parameter.default is inspect.Parameter.empty and not many
        convert = _converter(hints.get(parameter.name, str), f"{where}: {parameter.name}")
        found.append(Parameter(parameter.name, convert, required, many, rest, _MOMENT if convert is _moment else None))
    return found


def _hints(handler: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(handler)
    except Exception as error:
        # Names that are not to be found at run time, or types written in a newer way than this Python knows.
        raise CommandDefinitionError(
            f"{getattr(handler, '__qualname__', handler)}: a parameter's type is not known: {error}"
        ) from error


def _converter(kind: Any, where: str) -> Callable[[str], Any]:
    origin = typing.get_origin(kind)
    if origin in _UNION_TYPES:
        # With a default of None, say; the value itself is of the other type.
        kinds = [part for part in typing.get_args(kind) if part is not type(None)]
        if len(kinds) == 1:
            return _converter(kinds[0], where)
    if origin is Literal:
        return _choice({str(value): value for value in typing.get_args(kind)})
    if kind in (str, Any):
        return str
    if kind is bool:
        return _boolean
    if kind is int:
        return _whole
    if kind is float:
        return _number
    if kind in _OF_TIME:
        return _OF_TIME[kind]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _choice({member.name.lower(): member for member in kind})
    if origin is None and callable(typing.cast(object, kind)):
        return typing.cast(Callable[[str], Any], kind)
    raise CommandDefinitionError(f"{where}: commands do not know how to read {kind}")


def _whole(word: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,100}", word):
        raise ArgumentError("must be a whole number")
    return int(word)


def _number(word: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(e[+-]?[0-9]{1,3})?", word, re.IGNORECASE):
        raise ArgumentError("must be a number")
    number = float(word)
    if math.isinf(number):
        raise ArgumentError("is too large")
    return number


def _boolean(word: str) -> bool:
    if word.lower() in _YES:
        return True
    if word.lower() in _NO:
        return False
    raise ArgumentError("must be yes or no")


def _date(word: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(word)
    except ValueError:
        raise ArgumentError("must be a date, such as 2026-01-31") from None


def _time(word: str) -> datetime.time:
    try:
        # Python wants two digits.
        return datetime.time.fromisoformat(re.sub(r"^([0-9]):", r"0\1:", word))
    except ValueError:
        raise ArgumentError("must be a time, such as 18:30") from None


def _moment(word: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(re.sub(r"([T ])([0-9]):", r"\g<1>0\2:", word))
    except ValueError:
        raise ArgumentError("must be a date and a time, such as 2026-01-31 18:30") from None


_OF_TIME: dict[Any, Callable[[str], Any]] = {datetime.date: _date, datetime.time: _time, datetime.datetime: _moment}


def _choice(values: dict[str, Any]) -> Callable[[str], Any]:
    def choose(word: str) -> Any:
        for name, value in values.items():
            if name.lower() == word.lower():
                return value
        raise ArgumentError(f"must be one of {', '.join(values)}")

    return choose

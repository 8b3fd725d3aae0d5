"""Filters for messages: conditions that are put together with `&`, `|` and `~`.

@bot.message((F.text == "ping") & ~F.is_group)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union

if TYPE_CHECKING:
    from .message import Message

T = TypeVar("T")

Predicate = Callable[["Message"], object]
#: What takes a filter takes a function of the message too.
FilterLike = Union["Filter", Predicate]


class Filter:
    """A condition that a message meets or does not. `F` and `Filter(function)` make them."""

    def __init__(self, predicate: Predicate) -> None:
        self._predicate = predicate

    def __call__(self, message: Message) -> bool:
        """Whether the message meets it."""
        return bool(self._predicate(message))

    def __and__(self, other: FilterLike) -> Filter:
        second = as_filter(other)
        return Filter(lambda message: self(message) and second(message))

    def __or__(self, other: FilterLike) -> Filter:
        second = as_filter(other)
        return Filter(lambda message: self(message) or second(message))

    def __invert__(self) -> Filter:
        return Filter(lambda message: not self(message))

    def __bool__(self) -> bool:
        raise TypeError("put filters together with & | ~, each in parentheses, and not with and, or, not")


def as_filter(condition: FilterLike) -> Filter:
    """The condition as a filter."""
    return condition if isinstance(condition, Filter) else Filter(condition)


class Field(Filter, Generic[T]):
    """A property of messages. By itself it is the condition that there is one: `F.text`."""

    def __init__(self, get: Callable[[Message], T]) -> None:
        super().__init__(get)
        self._get = get

    def is_(self, test: Callable[[T], object]) -> Filter:
        """What it is meets this test of your own."""
        return Filter(lambda message: test(self._get(message)))

    def in_(self, values: Iterable[object]) -> Filter:
        """It is one of these."""
        chosen = list(values)
        return Filter(lambda message: any(self._equals(self._get(message), value) for value in chosen))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return Filter(lambda message: self._equals(self._get(message), value))

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return ~(self == value)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def _equals(found: Any, value: object) -> bool:
        return bool(found == value)


class TextField(Field[Any]):
    """A property that is a text, or missing."""

    def __init__(self, get: Callable[[Message], str | None]) -> None:
        super().__init__(get)

    def _test(self, test: Callable[[str], object]) -> Filter:
        def predicate(message: Message) -> bool:
            text = self._get(message)
            return text is not None and bool(test(text))

        return Filter(predicate)

    def startswith(self, start: str | tuple[str, ...]) -> Filter:
        """It begins so."""
        return self._test(lambda text: text.startswith(start))

    def endswith(self, end: str | tuple[str, ...]) -> Filter:
        """It ends so."""
        return self._test(lambda text: text.endswith(end))

    def contains(self, part: str) -> Filter:
        """This is somewhere in it."""
        return self._test(lambda text: part in text)

    def regex(self, pattern: str | re.Pattern[str], flags: int = 0) -> Filter:
        """The pattern is found in it; `message.match` is the match then. Patterns that must fit the whole text end with `$`."""
        compiled = re.compile(pattern, flags)

        def predicate(message: Message) -> bool:
            text = self._get(message)
            found = compiled.search(text) if text is not None else None
            if found is not None:
                message.match = found
            return found is not None

        return Filter(predicate)

    def lower(self) -> TextField:
        """The same in small letters: `F.text.lower() == "ping"`."""
        return self._mapped(str.lower)

    def strip(self) -> TextField:
        """The same without space around it."""
        return self._mapped(str.strip)

    def _mapped(self, change: Callable[[str], str]) -> TextField:
        def get(message: Message) -> str | None:
            text: str | None = self._get(message)
            return None if text is None else change(text)

        return TextField(get)


class AddressField(Field[str]):
    """Who or where: a JID, which equals itself, its device's owner, and the phone number in it."""

    def __init__(self, get: Callable[[Message], str], phone: Callable[[Message], str | None]) -> None:
        super().__init__(get)
        self._phone = phone

    def in_(self, values: Iterable[object]) -> Filter:
        """It is one of these."""
        chosen = [self == value for value in values]
        return Filter(lambda message: any(condition(message) for condition in chosen))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        wanted = _owner(str(value).lstrip("+"))

        def predicate(message: Message) -> bool:
            return wanted in (_owner(self._get(message)), self._phone(message))

        return Filter(predicate)

    __hash__ = None


def _owner(jid: str) -> str:
    """The user of a JID, whatever device; of an ordinary number only the digits."""
    user, at, server = jid.partition("@")
    user = user.split(":")[0]
    return user if server in ("", "s.whatsapp.net") else f"{user}{at}{server}"


class _Fields:
    """All properties that filters can ask for."""

    text = TextField(lambda message: message.text)
    kind = TextField(lambda message: message.kind)
    name = TextField(lambda message: message.name)
    chat = AddressField(lambda message: message.chat, lambda message: None if message.is_group else message.sender_phone)
    sender = AddressField(lambda message: message.sender, lambda message: message.sender_phone)
    is_group = Field[bool](lambda message: message.is_group)
    is_private = Field[bool](lambda message: not message.is_group)
    from_me = Field[bool](lambda message: message.from_me)
    quoted = Field[object](lambda message: message.quoted)
    mentions_me = Field[bool](lambda message: message.mentions_me)
    offline = Field[bool](lambda message: message.offline)
    redelivered = Field[bool](lambda message: message.redelivered)


#: The properties of messages, for filters.
F = _Fields()

"""Filters for messages: conditions that are put together with `&`, `|` and `~`.

@bot.message((F.text == "ping") & ~F.is_group)

A condition of one's own may be a coroutine function; it is awaited wherever a condition is taken.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union

from .checks import check_function, is_a

if TYPE_CHECKING:
    from .message import Message

T = TypeVar("T")

Predicate = Callable[["Message"], object]
#: A function of the message can stand for a filter, a coroutine function as well.
FilterLike = Union["Filter", Predicate]


async def truth(result: object) -> bool:
    """Returns the truth of a condition's result; it is awaited if it has to be.

    Raises:
        TypeError: It is something that says neither yes nor no.
    """
    if inspect.isawaitable(result):
        result = await result
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("a condition gives yes or no, and no values one after the other")
    return bool(result)


class Filter:
    """A condition that a message meets or does not. `F` and `Filter(function)` make them.

    The function takes the message, and may be a coroutine function. A subclass may define `__call__` in its place, as a coroutine
    function too.
    """

    def __init__(self, predicate: Predicate) -> None:
        if isinstance(predicate, Filter):
            predicate = predicate.check
        elif predicate is not bool:
            check_function(predicate, "a condition", "message")
        self._predicate = predicate

    async def check(self, message: Message) -> bool:
        """Returns whether the message meets it."""
        return await truth(self._predicate(message) if type(self).__call__ is Filter.__call__ else self(message))

    def __call__(self, message: Message) -> Any:
        """Returns whether the message meets it, for filters that wait for nothing. `await filter.check(message)` is for all.

        Raises:
            TypeError: It waits for something.
        """
        checking = self.check(message)
        try:
            checking.send(None)
        except StopIteration as done:
            return done.value
        checking.close()
        raise TypeError("this filter waits for something: write `await filter.check(message)`")

    def __and__(self, other: FilterLike) -> Filter:
        return _both(self, as_filter(other))

    def __rand__(self, other: FilterLike) -> Filter:
        return _both(as_filter(other), self)

    def __or__(self, other: FilterLike) -> Filter:
        return _either(self, as_filter(other))

    def __ror__(self, other: FilterLike) -> Filter:
        return _either(as_filter(other), self)

    def __invert__(self) -> Filter:
        async def inverted(message: Message) -> bool:
            return not await self.check(message)

        return Filter(inverted)

    def __bool__(self) -> bool:
        raise TypeError("put filters together with & | ~, each in parentheses, and not with and, or, not")


def _both(first: Filter, second: Filter) -> Filter:
    async def both(message: Message) -> bool:
        return await first.check(message) and await second.check(message)

    return Filter(both)


def _either(first: Filter, second: Filter) -> Filter:
    async def either(message: Message) -> bool:
        return await first.check(message) or await second.check(message)

    return Filter(either)


def as_filter(condition: FilterLike) -> Filter:
    """The condition as a filter.

    Raises:
        TypeError: It is neither a filter nor a function of a message.
    """
    return condition if isinstance(condition, Filter) else Filter(condition)


def all_of(conditions: Iterable[FilterLike]) -> Filter | None:
    """A filter for what meets all conditions; None if there are none."""
    met: Filter | None = None
    for condition in conditions:
        met = as_filter(condition) if met is None else met & condition
    return met


def as_condition(condition: Callable[[Any], object]) -> Callable[[Any], Awaitable[bool]]:
    """A condition of whatever event as a coroutine function.

    Raises:
        TypeError: It is neither a filter nor a function of an event.
    """
    if isinstance(condition, Filter):
        return condition.check
    check_function(condition, "a condition", "event")

    async def check(subject: Any) -> bool:
        return await truth(condition(subject))

    return check


class Field(Filter, Generic[T]):
    """A property of messages. By itself it is the condition that there is one: `F.text`."""

    def __init__(self, get: Callable[[Message], T]) -> None:
        super().__init__(get)
        self._get = get

    def is_(self, test: Callable[[T], object]) -> Filter:
        """Its kind and content meet this test of your own, which may be a coroutine function."""
        if test is not bool:
            check_function(test, "a test", "value")

        async def tested(message: Message) -> bool:
            return await truth(test(self._get(message)))

        return Filter(tested)

    def in_(self, values: Iterable[object]) -> Filter:
        """It is one of these."""
        chosen = _several(values)
        return Filter(lambda message: any(self._equals(self._get(message), value) for value in chosen))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return Filter(lambda message: self._equals(self._get(message), value))

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return ~(self == value)

    __hash__ = None  # type: ignore[assignment]

    @staticmethod
    def _equals(found: Any, value: object) -> bool:
        return bool(found == value)


def _several(values: Iterable[object]) -> list[object]:
    if isinstance(values, (str, bytes)):
        raise TypeError(f"in_ takes a list of values, not {values!r}")
    return list(values)


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
        "".startswith(start)  # refuses what is no text
        return self._test(lambda text: text.startswith(start))

    def endswith(self, end: str | tuple[str, ...]) -> Filter:
        """It ends so."""
        "".endswith(end)
        return self._test(lambda text: text.endswith(end))

    def contains(self, part: str) -> Filter:
        """This is somewhere in it."""
        if not is_a(part, str):
            raise TypeError(f"contains takes a text, not {part!r}")
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
    """A person or a chat: a JID, which equals itself, its device's owner, and the phone number in it."""

    def __init__(self, get: Callable[[Message], str], phone: Callable[[Message], str | None]) -> None:
        super().__init__(get)
        self._phone = phone

    def in_(self, values: Iterable[object]) -> Filter:
        """It is one of these."""
        return self._one_of({_address(value) for value in _several(values)})

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self._one_of({_address(value)})

    __hash__ = None

    def _one_of(self, wanted: set[str]) -> Filter:
        return Filter(lambda message: _owner(self._get(message)) in wanted or self._phone(message) in wanted)


def _address(value: object) -> str:
    """Returns the value that an address is compared by: a phone number as digits alone, or a JID without its device.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, str) and "@" in value:
        return _owner(value)
    digits = re.sub(r"[\s()+.-]", "", value) if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{1,20}", digits):
        raise ValueError(f"an address is a phone number with its country code or a JID, as text, not {value!r}")
    return digits


def _owner(jid: str) -> str:
    """The user of a JID, whatever device; of an ordinary number only the digits."""
    user, at, server = jid.partition("@")
    user = user.split(":")[0]
    return user if server in ("", "s.whatsapp.net") else f"{user}{at}{server}"


async def _sender_is_admin(message: Message) -> bool:
    return await message.sender_is_admin()


async def _bot_is_admin(message: Message) -> bool:
    return await message.bot_is_admin()


class _Fields:
    """All properties that filters can ask for."""

    text = TextField(lambda message: message.text)
    kind = TextField(lambda message: message.kind)
    name = TextField(lambda message: message.name)
    chat = AddressField(lambda message: message.chat, lambda message: message.sender_phone if message.is_private else None)
    sender = AddressField(lambda message: message.sender, lambda message: message.sender_phone)
    sender_is_admin = Filter(_sender_is_admin)
    bot_is_admin = Filter(_bot_is_admin)
    is_group = Field[bool](lambda message: message.is_group)
    is_private = Field[bool](lambda message: message.is_private)
    from_me = Field[bool](lambda message: message.from_me)
    quoted = Field[object](lambda message: message.quoted)
    mentions_me = Field[bool](lambda message: message.mentions_me)
    offline = Field[bool](lambda message: message.offline)
    redelivered = Field[bool](lambda message: message.redelivered)


#: The properties of messages, for filters.
F = _Fields()

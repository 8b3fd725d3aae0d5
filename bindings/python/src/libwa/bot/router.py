"""Which handler gets which message and which event."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, overload

from . import events
from .commands import Command, define
from .filters import Filter, FilterLike, as_filter
from .group import GroupUpdate
from .message import ABOUT_ANOTHER, Message

E = TypeVar("E")
R = TypeVar("R")
H = TypeVar("H", bound=Callable[[Message], object])
C = TypeVar("C", bound=Callable[..., object])

#: Hands a message on: to the next middleware, and at last to its handler.
Next = Callable[[Message], Awaitable[None]]
#: Stands around the handling of messages.
Middleware = Callable[[Message, Next], Awaitable[None]]
M = TypeVar("M", bound=Middleware)


class Taker(Protocol[E]):
    """Takes a listener for events of one type, and gives it back."""

    def __call__(self, listener: Callable[[E], R], /) -> Callable[[E], R]:
        """Registers it."""
        ...


EventName = Literal[
    "pairing.code",
    "pairing.qr",
    "pairing.reminder",
    "pairing.expired",
    "pairing.error",
    "pairing.passkey",
    "ready",
    "message",
    "group.update",
    "call",
    "connecting",
    "reconnecting",
    "disconnected",
    "restricted",
    "logout",
    "receipt",
    "message.unreadable",
    "message.waiting",
    "chat.activity",
    "presence",
    "identity.changed",
]
EVENT_NAMES: tuple[str, ...] = EventName.__args__  # type: ignore[attr-defined]

Scope = Literal["private", "group"]


class Skip(Exception):
    """Raised by a handler that does not want the message after all: the next one that suits gets it."""


@dataclass(frozen=True)
class Route:
    """A handler of messages, and which ones it takes.

    Attributes:
        about: "new" for messages in their own right, else what they do to another one: "reaction", "edit", "delete".
        condition: What else they must meet.
        handler: The handler.
        own: Whether messages of the bot's own account count.
        scope: The kind of chat it is for; None for both.
        command: The command it is for, if it is one's.
    """

    about: str
    condition: Filter | None
    handler: Callable[..., object]
    own: bool
    scope: Scope | None
    command: Command | None = None

    def suits(self, message: Message) -> bool:
        """Whether it takes the message, whatever the text of a command."""
        if (message.kind if message.kind in ABOUT_ANOTHER else "new") != self.about or (message.from_me and not self.own):
            return False
        if self.scope is not None and message.is_group is not (self.scope == "group"):
            return False
        return self.condition is None or self.condition(message)


class _Table:
    """What was registered with a router, in order."""

    def __init__(self) -> None:
        self.routes: list[Route | Router] = []
        self.listeners: dict[str, list[Callable[[Any], object]]] = {}
        self.middlewares: list[Middleware] = []


class Registry:
    """The decorators by which handlers are registered."""

    def __init__(self, table: _Table, scope: Scope | None) -> None:
        self._table = table
        self._scope: Scope | None = scope

    def message(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for messages that meet all conditions. Of the handlers that suit, the one registered first gets a message.

        Reactions, edits and deletions have decorators of their own, and messages of the bot's own account, from its other
        devices, count only with `from_me`.
        """
        return self._route("new", conditions, from_me)

    def reaction(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for reactions: the text is the emoji, empty when it was taken back; `content` has the `target`."""
        return self._route("reaction", conditions, from_me)

    def edited(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for edits: the text is the new one; `content` has the `target`."""
        return self._route("edit", conditions, from_me)

    def deleted(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for deletions; `content` has the `target`."""
        return self._route("delete", conditions, from_me)

    def command(
        self,
        name: str | None = None,
        *aliases: str,
        filter: FilterLike | None = None,
        help: str | None = None,
        hidden: bool = False,
        from_me: bool = False,
    ) -> Callable[[C], C]:
        """A handler for a command, such as `/add 1 2` for `async def add(message: Message, a: int, b: int = 0)`.

        The arguments follow from the parameters behind the message, by their types: str, int, float, bool, `Literal` and enums,
        and whatever makes a value of a text or raises ValueError. Words in double quotes are one argument. `*words` takes all that
        are left, and a parameter behind `*` the text that is left, as it is. Somebody whose arguments do not fit is answered
        with what is wrong and with the usage.

        Args:
            name: What follows the prefix; the function's own name if left out.
            aliases: Other names.
            filter: A condition that the message must meet too.
            help: What `/help` says of it; the first paragraph of the docstring if left out.
            hidden: Whether `/help` leaves it out.
            from_me: Whether messages of the bot's own account count.
        """
        if callable(name):
            raise TypeError("write @bot.command(), with parentheses")

        def take(handler: C) -> C:
            command = define(handler, name, aliases, help, hidden)
            condition = as_filter(filter) if filter is not None else None
            self._table.routes.append(Route("new", condition, handler, from_me, self._scope, command))
            return handler

        return take

    def _route(self, about: str, conditions: tuple[FilterLike, ...], own: bool) -> Callable[[H], H]:
        if any(inspect.iscoroutinefunction(condition) for condition in conditions):
            raise TypeError("a condition cannot be a coroutine; if this is the handler, write @bot.message() with parentheses")
        met = [as_filter(condition) for condition in conditions]
        condition = Filter(lambda message: all(each(message) for each in met)) if met else None

        def take(handler: H) -> H:
            self._table.routes.append(Route(about, condition, handler, own, self._scope))
            return handler

        return take


class Router(Registry):
    """A set of handlers, which a bot or another router includes: `bot.include(router)`.

    Args:
        condition: What messages must meet to come here at all.
    """

    def __init__(self, condition: FilterLike | None = None) -> None:
        super().__init__(_Table(), None)
        self._condition = as_filter(condition) if condition is not None else None
        #: The same decorators, for messages between two people.
        self.private = Registry(self._table, "private")
        #: The same decorators, for messages in groups.
        self.group = Registry(self._table, "group")

    def include(self, router: Router) -> None:
        """Adds the handlers of another router, which get messages after those that were registered before."""
        if router is self or self in router._routers():
            raise ValueError("a router cannot include itself")
        self._table.routes.append(router)

    def middleware(self, middleware: M) -> M:
        """Puts a middleware around the handling of messages by this router: `async def m(message, next): await next(message)`."""
        self._table.middlewares.append(middleware)
        return middleware

    @overload
    def on(self, event: Literal["pairing.code"]) -> Taker[events.PairingCode]: ...
    @overload
    def on(self, event: Literal["pairing.qr"]) -> Taker[events.PairingQr]: ...
    @overload
    def on(self, event: Literal["pairing.reminder"]) -> Taker[events.PairingReminder]: ...
    @overload
    def on(self, event: Literal["pairing.expired"]) -> Taker[events.PairingExpired]: ...
    @overload
    def on(self, event: Literal["pairing.error"]) -> Taker[events.PairingError]: ...
    @overload
    def on(self, event: Literal["pairing.passkey"]) -> Taker[events.PairingPasskey]: ...
    @overload
    def on(self, event: Literal["ready"]) -> Taker[events.User]: ...
    @overload
    def on(self, event: Literal["message"]) -> Taker[Message]: ...
    @overload
    def on(self, event: Literal["group.update"]) -> Taker[GroupUpdate]: ...
    @overload
    def on(self, event: Literal["call"]) -> Taker[events.Call]: ...
    @overload
    def on(self, event: Literal["connecting"]) -> Taker[events.Connecting]: ...
    @overload
    def on(self, event: Literal["reconnecting"]) -> Taker[events.Reconnecting]: ...
    @overload
    def on(self, event: Literal["disconnected"]) -> Taker[events.Disconnected]: ...
    @overload
    def on(self, event: Literal["restricted"]) -> Taker[events.Restricted]: ...
    @overload
    def on(self, event: Literal["logout"]) -> Taker[events.Logout]: ...
    @overload
    def on(self, event: Literal["receipt"]) -> Taker[events.Receipt]: ...
    @overload
    def on(self, event: Literal["message.unreadable"]) -> Taker[events.MessageUnreadable]: ...
    @overload
    def on(self, event: Literal["message.waiting"]) -> Taker[events.MessageWaiting]: ...
    @overload
    def on(self, event: Literal["chat.activity"]) -> Taker[events.ChatActivity]: ...
    @overload
    def on(self, event: Literal["presence"]) -> Taker[events.Presence]: ...
    @overload
    def on(self, event: Literal["identity.changed"]) -> Taker[events.IdentityChanged]: ...

    def on(self, event: str) -> Any:
        """A listener for an event. All listeners of an event hear of it, one after the other.

        `message` brings every message, of whatever kind and from whomever, before the handlers of `message()` get it.
        """
        if event not in EVENT_NAMES:
            raise ValueError(f"there is no event {event!r}; the events are {', '.join(EVENT_NAMES)}")

        def take(listener: Callable[[Any], R]) -> Callable[[Any], R]:
            self._table.listeners.setdefault(event, []).append(listener)
            return listener

        return take

    # What the bot asks.

    def _routers(self) -> Iterator[Router]:
        """This router and all that it includes."""
        yield self
        for entry in self._table.routes:
            if isinstance(entry, Router):
                yield from entry._routers()

    def _listeners(self, event: str) -> list[Callable[[Any], object]]:
        return [listener for router in self._routers() for listener in router._table.listeners.get(event, [])]

    def _commands(self, message: Message) -> Iterator[Command]:
        """The commands that can be given in the message's chat."""
        if self._condition is not None and not self._condition(message):
            return
        scope = "group" if message.is_group else "private"
        for entry in self._table.routes:
            if isinstance(entry, Router):
                yield from entry._commands(message)
            elif entry.command is not None and entry.scope in (None, scope):
                yield entry.command

"""The router: brings messages and events to their handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, overload

from . import events
from .checks import check_function, is_a, is_async, name_of, returns_nothing
from .commands import Command, check_names, define
from .filters import Filter, FilterLike, all_of, as_filter
from .group import GroupUpdate
from .kinds import About
from .message import Message

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
        about: "new" for messages in their own right, else what they are in place of that; see `Message.about`.
        condition: A further condition for them.
        handler: The handler.
        own: Whether messages of the bot's own account count.
        scope: The kind of chat it is for; None for both.
        command: The command it is for, if it is one's.
    """

    about: About
    condition: Filter | None
    handler: Callable[..., object]
    own: bool
    scope: Scope | None
    command: Command | None = None

    async def suits(self, message: Message) -> bool:
        """Returns whether it takes the message, whatever the text of a command."""
        if message.about != self.about or (message.from_me and not self.own):
            return False
        if self.scope is not None and not (message.is_group if self.scope == "group" else message.is_private):
            return False
        return self.condition is None or await self.condition.check(message)


class _Table:
    """The handlers registered with a router, in order."""

    def __init__(self) -> None:
        self.routes: list[Route | Router] = []
        self.listeners: dict[str, list[Callable[[Any], object]]] = {}
        self.middlewares: list[Middleware] = []
        #: Decorators that were made and have not been given a handler yet, with what was written.
        self.open: dict[object, str] = {}


class Registry:
    """The decorators by which handlers are registered."""

    def __init__(self, table: _Table, scope: Scope | None) -> None:
        self._table = table
        self._scope: Scope | None = scope

    def message(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for messages that meet all conditions. Of the handlers that suit, the one registered first gets a message.

        Messages are what a person wrote, sent or forwarded in a chat where it can be answered. Reactions, edits, deletions, votes,
        service messages and posts have decorators of their own, and messages of the bot's own account, from its other devices,
        count only with `from_me`.
        """
        return self._route("new", "message", conditions, from_me)

    def reaction(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for reactions: the text is the emoji, empty when it was taken back; `typed_content` has the `target`."""
        return self._route("reaction", "reaction", conditions, from_me)

    def edited(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for edits: the text is the new one; `typed_content` has the `target`."""
        return self._route("edit", "edited", conditions, from_me)

    def deleted(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for deletions; `typed_content` has the `target`."""
        return self._route("delete", "deleted", conditions, from_me)

    def vote(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for votes in polls: `typed_content` has the `target`, the poll, and all that is `selected` now."""
        return self._route("vote", "vote", conditions, from_me)

    def service(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for service messages, which say that something was done: pins, timers, call logs and what this version does not
        know. `kind` says what."""
        return self._route("service", "service", conditions, from_me)

    def status(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for status posts of others, and for what they do to them: `kind` can be "delete"."""
        return self._route("status", "status", conditions, from_me)

    def channel_post(self, *conditions: FilterLike, from_me: bool = False) -> Callable[[H], H]:
        """A handler for what channels post that the account follows."""
        return self._route("channel", "channel_post", conditions, from_me)

    def command(
        self,
        name: str | None = None,
        *aliases: str,
        filter: FilterLike | None = None,
        help: str | None = None,
        hidden: bool = False,
        from_me: bool = False,
        captions: bool = False,
    ) -> Callable[[C], C]:
        """A handler for a command, such as `/add 1 2` for `async def add(message: Message, a: int, b: int = 0)`.

        The arguments follow from the parameters behind the message, by their types: str, int, float, bool, date, time, datetime,
        `Literal` and enums, and whatever makes a value of a text or raises ValueError. Words in double quotes are one argument.
        `*words` takes all that are left, and a parameter behind `*` the text that is left, as it is. A sender whose arguments do
        not fit is answered with what is wrong and with the usage.

        Args:
            name: The word behind the prefix; the function's own name if left out.
            aliases: Other names.
            filter: A condition that the message must meet too.
            help: Its text in `/help`; the first paragraph of the docstring if left out.
            hidden: Whether `/help` leaves it out.
            from_me: Whether messages of the bot's own account count.
            captions: Whether the caption of a picture, a video or a document can be the command too.
        """
        if callable(name):
            raise TypeError("write @bot.command(), with parentheses")
        condition = as_filter(filter) if filter is not None else None
        check_names(*(() if name is None else (name,)), *aliases)

        def take(handler: C) -> C:
            command = define(handler, name, aliases, help, hidden, captions)
            self._table.routes.append(Route("new", condition, handler, from_me, self._scope, command))
            return handler

        return take

    def _route(self, about: About, decorator: str, conditions: tuple[FilterLike, ...], own: bool) -> Callable[[H], H]:
        if self._scope is not None and about in ("status", "channel"):
            raise TypeError(f"{decorator} is for what comes from no chat: write @bot.{decorator}(…)")
        wrong = f"write @bot.{decorator}() with parentheses"
        for condition in conditions:
            if not isinstance(condition, Filter) and callable(condition) and is_async(condition) and returns_nothing(condition):
                raise TypeError(f"{name_of(condition)} says that it returns nothing, and is no condition; of a handler, {wrong}")
        met = all_of(conditions)

        def take(handler: H) -> H:
            check_function(handler, "a handler of messages", "message")
            self._table.open.pop(take, None)
            self._table.routes.append(Route(about, met, handler, own, self._scope))
            return handler

        # A handler that was taken for a condition leaves this behind.
        if conditions and not isinstance(conditions[-1], Filter):
            self._table.open[take] = f"{name_of(conditions[-1])} is a condition for no handler; if it is the handler, {wrong}"
        return take


class Router(Registry):
    """A set of handlers, which a bot or another router includes: `bot.include(router)`.

    Args:
        condition: The condition for messages to come here at all.
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
        if not is_a(router, Router):
            raise TypeError(f"include takes a router, not {router!r}")
        if router is self or self in router._routers():
            raise ValueError("a router cannot include itself")
        self._table.routes.append(router)

    def middleware(self, middleware: M) -> M:
        """Puts a middleware around the handling of messages by this router: `async def m(message, next): await next(message)`."""
        check_function(middleware, "a middleware", "message", "next")
        if not is_async(middleware):
            raise TypeError(
                f"{name_of(middleware)} cannot be a middleware: write it as `async def`, with `await next(message)` in it"
            )
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
            check_function(listener, f"a listener of {event}", "event")
            self._table.listeners.setdefault(event, []).append(listener)
            return listener

        return take

    # Questions of the bot.

    def _routers(self) -> Iterator[Router]:
        """This router and all that it includes."""
        yield self
        for entry in self._table.routes:
            if isinstance(entry, Router):
                yield from entry._routers()

    def _check(self) -> None:
        """Checks what can only be known once everything is registered.

        Raises:
            TypeError: A decorator was given conditions, and no handler.
        """
        for router in self._routers():
            for problem in router._table.open.values():
                raise TypeError(problem)

    def _command_names(self, message: Message) -> set[str]:
        """Returns the words that can stand behind the prefix in the message's chat."""
        scope = "group" if message.is_group else "private"
        routes = [route for router in self._routers() for route in router._table.routes if isinstance(route, Route)]
        commands = [route.command for route in routes if route.command is not None and route.scope in (None, scope)]
        return {name for command in commands for name in (command.name, *command.aliases)}

    def _listeners(self, event: str) -> list[Callable[[Any], object]]:
        return [listener for router in self._routers() for listener in router._table.listeners.get(event, [])]

    async def _commands(self, message: Message) -> AsyncIterator[Command]:
        """The commands that can be given in the message's chat."""
        if self._condition is not None and not await self._condition.check(message):
            return
        scope = "group" if message.is_group else "private"
        for entry in self._table.routes:
            if isinstance(entry, Router):
                async for command in entry._commands(message):
                    yield command
            elif entry.command is not None and entry.scope in (None, scope):
                yield entry.command

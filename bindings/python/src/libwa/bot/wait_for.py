"""`wait_for`, with the type of each event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from .._arguments import time_limit
from . import events
from .group import GroupUpdate
from .later import waits
from .message import Message
from .router import EVENT_NAMES

E = TypeVar("E")

#: The condition for the event.
Condition = Callable[[E], object]


class Waits:
    """Waiting for one event."""

    @overload
    async def wait_for(
        self,
        event: Literal["pairing.code"],
        condition: Condition[events.PairingCode] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.PairingCode: ...

    @overload
    async def wait_for(
        self, event: Literal["pairing.qr"], condition: Condition[events.PairingQr] | None = None, *, timeout: float | None = None
    ) -> events.PairingQr: ...

    @overload
    async def wait_for(
        self,
        event: Literal["pairing.reminder"],
        condition: Condition[events.PairingReminder] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.PairingReminder: ...

    @overload
    async def wait_for(
        self,
        event: Literal["pairing.expired"],
        condition: Condition[events.PairingExpired] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.PairingExpired: ...

    @overload
    async def wait_for(
        self,
        event: Literal["pairing.error"],
        condition: Condition[events.PairingError] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.PairingError: ...

    @overload
    async def wait_for(
        self,
        event: Literal["pairing.passkey"],
        condition: Condition[events.PairingPasskey] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.PairingPasskey: ...

    @overload
    async def wait_for(
        self, event: Literal["ready"], condition: Condition[events.User] | None = None, *, timeout: float | None = None
    ) -> events.User: ...

    @overload
    async def wait_for(
        self, event: Literal["message"], condition: Condition[Message] | None = None, *, timeout: float | None = None
    ) -> Message: ...

    @overload
    async def wait_for(
        self, event: Literal["group.update"], condition: Condition[GroupUpdate] | None = None, *, timeout: float | None = None
    ) -> GroupUpdate: ...

    @overload
    async def wait_for(
        self, event: Literal["call"], condition: Condition[events.Call] | None = None, *, timeout: float | None = None
    ) -> events.Call: ...

    @overload
    async def wait_for(
        self, event: Literal["connecting"], condition: Condition[events.Connecting] | None = None, *, timeout: float | None = None
    ) -> events.Connecting: ...

    @overload
    async def wait_for(
        self,
        event: Literal["reconnecting"],
        condition: Condition[events.Reconnecting] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.Reconnecting: ...

    @overload
    async def wait_for(
        self,
        event: Literal["disconnected"],
        condition: Condition[events.Disconnected] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.Disconnected: ...

    @overload
    async def wait_for(
        self, event: Literal["restricted"], condition: Condition[events.Restricted] | None = None, *, timeout: float | None = None
    ) -> events.Restricted: ...

    @overload
    async def wait_for(
        self, event: Literal["logout"], condition: Condition[events.Logout] | None = None, *, timeout: float | None = None
    ) -> events.Logout: ...

    @overload
    async def wait_for(
        self, event: Literal["receipt"], condition: Condition[events.Receipt] | None = None, *, timeout: float | None = None
    ) -> events.Receipt: ...

    @overload
    async def wait_for(
        self,
        event: Literal["message.unreadable"],
        condition: Condition[events.MessageUnreadable] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.MessageUnreadable: ...

    @overload
    async def wait_for(
        self,
        event: Literal["chat.activity"],
        condition: Condition[events.ChatActivity] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.ChatActivity: ...

    @overload
    async def wait_for(
        self,
        event: Literal["message.waiting"],
        condition: Condition[events.MessageWaiting] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.MessageWaiting: ...

    @overload
    async def wait_for(
        self, event: Literal["presence"], condition: Condition[events.Presence] | None = None, *, timeout: float | None = None
    ) -> events.Presence: ...

    @overload
    async def wait_for(
        self,
        event: Literal["identity.changed"],
        condition: Condition[events.IdentityChanged] | None = None,
        *,
        timeout: float | None = None,
    ) -> events.IdentityChanged: ...

    @waits
    async def wait_for(self, event: str, condition: Callable[[Any], object] | None = None, *, timeout: float | None = None) -> Any:
        """Waits for the next event of this name that meets the condition: a filter, or a function, a coroutine function too.

        A message is taken from the handlers, and has to be one of another person in its own right, as those that `message()` takes;
        without a condition, the bot's commands are left to their handlers.
        All other events go to their listeners too. The `timeout` is seconds, 0 or more; None or infinity is for any time.

        Raises:
            TimeoutError: None came within so many seconds.
            ClientClosedError: The bot has stopped.
        """
        if event not in EVENT_NAMES:
            raise ValueError(f"there is no event {event!r}; the events are {', '.join(EVENT_NAMES)}")
        return await self._wait_for(event, condition, time_limit(timeout))

    async def _wait_for(self, event: str, condition: Callable[[Any], object] | None, timeout: float | None) -> Any:
        raise NotImplementedError

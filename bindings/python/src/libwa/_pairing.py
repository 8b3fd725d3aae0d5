"""A pairing under way, step by step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Union

from . import errors
from ._error import Error
from ._event import Event
from ._numbers import check_account
from ._subscription import Subscription
from ._waits import any_end, ends_login, is_trouble, with_a_reason
from .events import (
    Connection,
    LoggedOut,
    PairingCode,
    PairingExpired,
    PairingFailed,
    PairingPasskey,
    PairingProgress,
    PairingQr,
    PairingSuccess,
    Ready,
    Restricted,
    Result,
)

if TYPE_CHECKING:
    from ._client_base import Base

#: The steps that `pair()` and `qr()` give, one after the other.
#: A `Connection` says why there is none, and when the next attempt is made.
PairingStep = Union[
    PairingCode, PairingQr, PairingProgress, PairingExpired, PairingFailed, PairingPasskey, PairingSuccess, Connection, Ready
]


class Pairing:
    """Gives the steps from the request up to `ready`. One that is dropped before cancels its request."""

    def __init__(self, client: Base, function: str, *args: Any) -> None:
        """By the request of this function: for a code, with the phone's number and perhaps the code, or for QR codes."""
        self._client = client
        self._function = function
        self._args = args
        self._subscription: Subscription | None = None
        self._answered = False
        self._done = False
        # The event explains the answer that will follow.
        self._last: Event | None = None

    async def step(self, tick: float | None = None) -> PairingStep | None:
        """The next step; None when nothing came for `tick` seconds. Raises `StopAsyncIteration` after the last one."""
        if self._done:
            raise StopAsyncIteration
        try:
            if self._subscription is None:
                ready = await self._begin()
                if ready is not None:
                    self.close()
                    return ready
            return await self._next(None if tick is None else time.monotonic() + tick)
        except Error as error:
            self._client._tell(error)
            self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Cancels what is not answered yet. May be repeated."""
        self._done = True
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return
        self._client._core.unsubscribe(subscription)
        if subscription.request and not self._answered:
            self._client._cancel_quietly(subscription.request)

    def __del__(self) -> None:
        self.close()

    async def _begin(self) -> Ready | None:
        client = self._client
        self._subscription = Subscription(lambda event: ends_login(event) or is_trouble(event), any_end)
        client._enter()
        try:
            client._core.follow(self._subscription, self._function, *self._args)
        except errors.AlreadyLinkedError:
            # The library has looked at the arguments before.
            self._answered = True
            if self._args:
                check_account(self._args[0], (await client._call("session.status", {}))["phone"])
            return await client._begin_login(self._subscription)
        except errors.ClientClosedError:
            # The session may have ended since `connect()`, before anything was asked here.
            raise await client._closing() from None
        except errors.InvalidStateError:
            # The server may have ended the connection for good before the request came; that is the reason then.
            await client._state()
            lost = client._core.state.connection
            if lost is None or not with_a_reason(lost):
                raise
            raise client._given_up() from None
        return None

    async def _next(self, deadline: float | None) -> PairingStep | None:
        assert self._subscription is not None
        while True:
            event = await self._client._next(self._subscription, deadline)
            if event is None:
                return None
            if isinstance(event, Ready):
                self.close()
                return event
            if isinstance(event, Result):
                self._answered = True
                if event.status:
                    raise await self._client._failure(self._last or event)
            elif isinstance(event, LoggedOut):
                raise await self._client._failure(event)
            elif isinstance(event, (PairingExpired, PairingFailed)) and event.refreshing:
                return event
            elif isinstance(event, (PairingExpired, PairingFailed, Restricted)):
                # Until the request is answered, the answer follows, and may follow something that explains it better.
                if self._answered:
                    raise await self._client._failure(event)
                self._last = event
            elif isinstance(event, (PairingCode, PairingQr, PairingProgress, PairingPasskey, PairingSuccess, Connection)):
                return event

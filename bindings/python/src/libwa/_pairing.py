"""A pairing under way, step by step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Union

from . import errors
from ._event import Event
from .events import (
    Closed,
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
    from ._base import Base

#: What `pair()` and `qr()` give, one after the other.
PairingStep = Union[PairingCode, PairingQr, PairingProgress, PairingExpired, PairingFailed, PairingPasskey, PairingSuccess, Ready]

# Restrictions that end a login, with what they are as errors; a time lock, say, does not.
_RESTRICTIONS: dict[str, type[errors.Error]] = {
    "temporary_ban": errors.TemporarilyBannedError,
    "account_banned": errors.AccountBannedError,
    "account_locked": errors.AccountLockedError,
    "client_outdated": errors.ClientOutdatedError,
    "rate_limit": errors.RateLimitedError,
    "pairing_refused": errors.CodeRefusedError,
}


def ends_login(event: Event) -> bool:
    """Whether the event is what a login can come to."""
    if isinstance(event, Restricted):
        return event.kind in _RESTRICTIONS
    return isinstance(event, (Ready, LoggedOut, Closed))


def failure(event: Event) -> errors.Error:
    """Why a pairing or a login failed, as an exception that holds the event which explains it."""
    if isinstance(event, LoggedOut):
        return errors.LoggedOutError(event.text or event.user_text, event=event)
    if isinstance(event, Restricted):
        return _RESTRICTIONS[event.kind](event.user_text, event=event)
    if isinstance(event, (PairingExpired, PairingFailed, Result, Closed)) and event.error is not None:
        return event.error
    return errors.ClientClosedError(event=event)


class Pairing:
    """Gives the steps from the request up to `ready`. One that is dropped before cancels its request."""

    def __init__(self, client: Base, phone: str | None, code: str | None) -> None:
        """By a code for this phone, or by QR codes if there is none."""
        self._client = client
        self._phone = phone
        self._code = code
        self._request: int | None = None
        self._open = False
        self._answered = False
        self._done = False
        # What explains the answer that will follow.
        self._last: Event | None = None

    async def step(self, tick: float | None = None) -> PairingStep | None:
        """The next step; None when nothing came for `tick` seconds. Raises `StopAsyncIteration` after the last one."""
        if self._done:
            raise StopAsyncIteration
        try:
            if not self._open:
                if self._client.is_linked:
                    self._done = True
                    return await self._client.ready()
                self._start()
            return await self._next(None if tick is None else time.monotonic() + tick)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Cancels what is not answered yet. May be repeated."""
        self._done = True
        if not self._open:
            return
        self._open = False
        self._client._core.unsubscribe(self._subscription)
        if not self._answered and self._request is not None:
            self._client._cancel_quietly(self._request)

    def __del__(self) -> None:
        self.close()

    def _start(self) -> None:
        handle, core = self._client._core.handle, self._client._core
        if self._phone is None:
            self._request = handle.request("wa_request_qr")
        else:
            self._request = handle.request("wa_request_pairing", self._phone, self._code)
        request = self._request
        self._subscription = core.subscribe(lambda event: event.request == request or ends_login(event))
        self._open = True

    async def _next(self, deadline: float | None) -> PairingStep | None:
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
                    raise failure(self._last or event)
            elif isinstance(event, (LoggedOut, Closed)):
                raise failure(event)
            elif isinstance(event, (PairingExpired, PairingFailed)) and event.refreshing:
                return event
            elif isinstance(event, (PairingExpired, PairingFailed, Restricted)):
                # Until the request is answered, the answer follows, and may follow something that explains it better.
                if self._answered:
                    raise failure(event)
                self._last = event
            elif isinstance(event, (PairingCode, PairingQr, PairingProgress, PairingPasskey, PairingSuccess)):
                return event

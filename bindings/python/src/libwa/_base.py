"""What clients do, written once, for both of them.

All of it is written as coroutines, and all that they wait for is `_wait`. There the asyncio client waits for its event loop; the
synchronous one blocks in `poll`, so that its coroutines run through without ever being suspended.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Union

from . import errors
from ._core import Core, Subscription
from ._event import Event
from ._methods import AsyncMethods
from ._pairing import ends_login, failure
from ._requests import AsyncRequests
from .events import Ready, Result

Store = Union[str, "os.PathLike[str]"]
ConfigValue = Union[str, int, bool]

# How long a client that was asked to close may take before it is freed all the same.
_CLOSE_SECONDS = 5.0


def as_config(store: Store | None, session: str | None, config: Mapping[str, ConfigValue]) -> dict[str, str]:
    """The configuration as the library takes it: every value as text."""
    values = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in config.items()}
    if isinstance(store, os.PathLike):
        values["store.url"] = f"sqlite:{os.fspath(store)}"
    elif store is not None:
        values["store.url"] = store
    if session is not None:
        values["session.id"] = session
    return values


class Base(AsyncRequests, AsyncMethods):
    """A client, but for how it waits."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def is_linked(self) -> bool:
        """Whether the session is linked to an account, so that it needs no pairing."""
        return self._core.handle.is_linked

    async def _wait(self, subscription: Subscription, seconds: float | None) -> None:
        """Comes back when there may be something for the subscription, and after that time at the latest."""
        raise NotImplementedError

    # What is asked of the client.

    async def _request(self, function: str, *args: Any) -> Any:
        return (await self._answer(self._core.handle.request(function, *args))).result

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        return await self._request("wa_call", method, json.dumps(params) if params else None)

    async def _answer(self, request: int) -> Result:
        """The answer to a request; what it says of a failure is raised. A request that nobody waits for is cancelled."""
        subscription = self._core.await_answer(request)
        answered = False
        try:
            answer = await self._next(subscription, None)
            answered = True
        finally:
            self._core.forget_answer(request)
            if not answered:
                self._cancel_quietly(request)
        assert isinstance(answer, Result)
        error = answer.error
        if error is not None:
            raise error
        return answer

    def _cancel_quietly(self, request: int) -> None:
        # It may be answered meanwhile, or the client closed.
        with contextlib.suppress(errors.Error):
            self._core.handle.cancel(request)

    # What comes from it.

    async def _next(self, subscription: Subscription, deadline: float | None) -> Event | None:
        """The next event of a subscription; None when it is late. Raises when none will come any more."""
        while True:
            event = subscription.pop()
            if event is not None:
                return event
            self._core.drain()
            event = subscription.pop()
            if event is not None:
                return event
            if self._core.ended:
                raise self._core.fault or errors.ClientClosedError()
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            await self._wait(subscription, left)

    async def _next_event(self, timeout: float | None) -> Event | None:
        """The next event for `events()`: None when it is late."""
        return await self._next(self._core.inbox, _deadline(timeout))

    async def _find(self, suits: Callable[[Event], bool], timeout: float | None) -> Event:
        found = self._core.inbox.find(suits)
        if found is not None:
            return found
        subscription = self._core.subscribe(suits)
        try:
            event = await self._next(subscription, _deadline(timeout))
        finally:
            self._core.unsubscribe(subscription)
        if event is None:
            raise TimeoutError(f"no such event came within {timeout} seconds")
        return event

    async def ready(self, timeout: float | None = None) -> Ready:
        """Waits until the session, which is linked already, is logged in; comes back at once when it is.

        Raises:
            TimeoutError: It was not within so many seconds. The client goes on trying.
            Error: It was logged out or is restricted; the error's `event` tells of it.
        """
        core = self._core
        core.drain()
        # Any other `ready` that nobody took is of a login that is over.
        known = core.ready
        while core.inbox.find(lambda event: isinstance(event, Ready)):
            pass
        event = known or await self._find(ends_login, timeout)
        if not isinstance(event, Ready):
            raise failure(event)
        return event

    async def _close(self) -> None:
        core = self._core
        try:
            if not core.ended:
                core.handle.close()
                nothing = core.subscribe(lambda event: False)
                await self._next(nothing, _deadline(_CLOSE_SECONDS))
        except errors.Error:
            pass  # it is closed, or this is a forked child
        finally:
            core.end(None)
            core.handle.free()


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds

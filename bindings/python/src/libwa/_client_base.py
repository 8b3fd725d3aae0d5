"""The base of both clients.

All of it is written as coroutines, and all that they wait for is `_wait`. There the asyncio client waits for its event loop; the
synchronous one blocks in `poll`, so that its coroutines run through without ever being suspended.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Mapping
from typing import Any, Union

from . import _native, errors
from ._arguments import event_classes, time_limit
from ._error import Error
from ._event import Event
from ._event_router import Core
from ._methods import AsyncMethods
from ._requests import AsyncRequests
from ._subscription import EndsWith, Subscription
from ._texts import as_json
from ._waits import any_end, comes_without_connection, ends_login, explains, failure, given_up, is_over, late, with_a_reason
from .events import LoggedOut, Ready, Restricted, Result

Store = Union[str, "os.PathLike[str]"]
ConfigValue = Union[str, int, bool]

# The longest time for a client to close before it is freed all the same.
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
        """True if the session is linked to an account, so that it needs no pairing."""
        return self._core.handle.is_linked

    def _enter(self) -> None:
        """Raises where the client may not wait."""

    async def _wait(self, subscription: Subscription, seconds: float | None) -> None:
        """Comes back when there may be something for the subscription, and after that time at the latest."""
        raise NotImplementedError

    # Requests to the client.

    async def _request(self, function: str, *args: Any) -> Any:
        ends_with = with_a_reason if function.startswith("wa_send_") else None
        return (await self._answer(ends_with, function, *args)).result

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        self._core.handle.check_process()
        ends_with = with_a_reason if method in _sends() else None
        return (await self._answer(ends_with, "wa_call", method, as_json(params))).result

    async def _answer(self, ends_with: EndsWith | None, function: str, *args: Any) -> Result:
        """The answer to a request; what it says of a failure is raised. A request that nobody waits for is cancelled."""
        self._enter()
        subscription = Subscription(lambda event: True, ends_with)
        answered = False
        try:
            try:
                self._core.request(subscription, function, *args)
            except errors.ClientClosedError:
                raise await self._closing() from None
            except errors.NotLinkedError:
                # It may have been until just now.
                self._core.drain()
                if self._core.state.is_unlinked:
                    raise self._end() from None
                raise
            answer = await self._next(subscription, None)
            answered = True
        finally:
            self._core.unsubscribe(subscription)
            if subscription.request and not answered:
                self._cancel_quietly(subscription.request)
        assert isinstance(answer, Result)
        error = answer.error
        if isinstance(error, errors.ClientClosedError):
            raise await self._closing()
        if error is not None:
            raise error
        return answer

    def _cancel_quietly(self, request: int) -> None:
        # It may be answered meanwhile, or the client closed.
        with contextlib.suppress(errors.Error):
            self._core.handle.cancel(request)

    async def _state(self) -> str:
        """The state of the connection. All that happened before is known when this comes back."""
        state: str = (await self._call("session.status", {}))["state"]
        return state

    # Events of the client.

    async def _next(self, subscription: Subscription, deadline: float | None) -> Event | None:
        """The next event of a subscription; None when it is late. Raises when none will come any more."""
        core = self._core
        core.handle.check_process()
        self._enter()
        while True:
            event = core.pop(subscription)
            if event is not None:
                return event
            core.drain()
            event = core.pop(subscription)
            if event is not None:
                return event
            if core.ended:
                raise core.fault or self._end()
            if subscription.disconnected:
                subscription.disconnected = False
                if core.state.logged_out is not None:
                    raise self._end()
                if await self._state() == "disconnected" and not subscription.has_news:
                    raise self._given_up()
                continue
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            await self._wait(subscription, left)

    async def _closing(self) -> Error:
        """The reason why the client is closed, or closes just now."""
        # Only the end of the session or of the client ends this: it may have been disconnected before. A session that ends does
        # not wait long for what is told of it to be acknowledged.
        nothing = Subscription(lambda event: False, lambda connection: False)
        try:
            self._core.subscribe(nothing)
            await self._next(nothing, _deadline(_CLOSE_SECONDS))
        except errors.Error as error:
            return error
        finally:
            self._core.unsubscribe(nothing)
        return errors.ClientClosedError()

    def _end(self) -> Error:
        """The reason why no event will come any more."""
        state = self._core.state
        if state.logged_out is not None:
            # Of an account that is locked or banned, the restriction says more.
            if state.restricted is not None and state.restricted.kind == state.logged_out.reason:
                return failure(state.restricted)
            return failure(state.logged_out)
        return errors.ClientClosedError() if state.closed is None else failure(state.closed)

    def _given_up(self) -> Error:
        """The reason why there is no connection, and none will be made."""
        # The event is left to `events()`: whoever waits for something else, such as a message to be sent, does not deal with it.
        connection, event = self._core.state.connection, self._core.state.restricted
        if event is None or not explains(event, connection):
            return given_up(connection)
        return failure(event, connection)

    async def _failure(self, event: Event) -> Error:
        """The reason for the failure of a pairing or a login that ended with this event."""
        if isinstance(event, Restricted) or getattr(event, "status", 0) == errors.NotConnectedError.code:
            # The event of the connection follows right behind it.
            with contextlib.suppress(errors.Error):
                await self._state()
        return failure(event, self._core.state.connection)

    def _tell(self, error: Error) -> None:
        """Takes the event that an error of a login holds from `events()`, and acknowledges it: the program is told by the error."""
        event = error.event
        if event is not None and event.durable:
            self._core.find(lambda other: other is event)
            event.ack()

    async def _next_event(self, limit: float | None) -> Event | None:
        """The next event for `events()`: None when it is late. Raises `StopAsyncIteration` after the last one."""
        try:
            return await self._next(self._core.inbox, _deadline(limit))
        except errors.Error:
            if self._core.ended and self._core.fault is None:
                raise StopAsyncIteration from None
            raise

    async def _find(self, kind: type[Event] | tuple[type[Event], ...], timeout: float | None) -> Event:
        """The next event of this type, or of one of these, that tells of something which is not over."""
        kinds, limit = event_classes(kind), time_limit(timeout)

        def suits(event: Event) -> bool:
            return isinstance(event, kinds) and not is_over(event, self.is_linked)

        ends_with = None if comes_without_connection(kinds) else with_a_reason
        self._core.handle.check_process()
        subscription = Subscription(suits, ends_with)
        try:
            self._core.subscribe(subscription, look_back=True)
            event = await self._next(subscription, _deadline(limit))
        finally:
            self._core.unsubscribe(subscription)
        if event is None:
            raise late(limit, self._core.state.connection)
        return event

    async def ready(self, timeout: float | None = None) -> Ready:
        """Waits until the session, which is linked already, is logged in; comes back at once when it is.

        Args:
            timeout: Seconds, 0 or more; None or infinity for any time.

        Raises:
            TimeoutError: It was not within so many seconds. The client goes on trying.
            Error: It will not be: the session is not linked, was logged out or is restricted, or the connection was given up,
                or never asked for. The error is of the class of why, and its `event` tells of it.
        """
        limit = time_limit(timeout)
        deadline = _deadline(limit)
        subscription = Subscription(ends_login, any_end)
        try:
            event: Event | None = await self._begin_login(subscription)
            if event is None:
                event = await self._next(subscription, deadline)
            if event is None:
                raise late(limit, self._core.state.connection)
            if not isinstance(event, Ready):
                raise await self._failure(event)
            return event
        except errors.Error as error:
            self._tell(error)
            raise
        finally:
            self._core.unsubscribe(subscription)

    async def _begin_login(self, subscription: Subscription) -> Ready | None:
        """Begins a wait for the login, and gives it if it is there already. Raises when it cannot come."""
        core = self._core
        status = await self._call("session.status", {})
        if not status["linked"] and not core.is_pairing:
            # The program has to be told once that an earlier run was unlinked.
            told = core.find(lambda event: isinstance(event, LoggedOut))
            raise errors.NotLinkedError() if told is None else failure(told)
        core.subscribe(subscription)
        # Any other `ready` that nobody took is of a login that is over.
        while core.find(lambda event: isinstance(event, Ready)):
            pass
        if core.state.ready is None and core.state.connection is None and status["state"] == "disconnected":
            raise given_up(None)
        return core.state.ready or self._missed(status)

    def _missed(self, status: dict[str, Any]) -> Ready | None:
        """A login whose `ready` is among the events that were dropped because nobody took them."""
        lost = self._core.state.lost
        if lost is None or status["state"] != "online":
            return None
        return Ready(lost.id, lost.client, 0, lost.time, False, status["jid"], status["lid"], status["phone"], None, False)

    async def _close(self) -> None:
        core = self._core
        try:
            if not core.ended:
                core.handle.close()
                nothing = Subscription(lambda event: False)
                core.subscribe(nothing)
                await self._next(nothing, _deadline(_CLOSE_SECONDS))
        except errors.Error:
            pass  # it is closed, or this is a forked child
        finally:
            core.free(_CLOSE_SECONDS)


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


@functools.cache
def _sends() -> frozenset[str]:
    """The methods that send a message, and so wait for a connection."""
    methods = json.loads(_native.reference())["methods"]
    return frozenset(method["name"] for method in methods if any(part["name"] == "sent_at_ms" for part in method["result"]))

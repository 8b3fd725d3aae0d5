"""The client for programs without asyncio: the same code, which waits by blocking in `poll`, so that Ctrl-C works."""

from __future__ import annotations

import os
import select
import warnings
import weakref
from collections.abc import Coroutine, Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar, overload

from ._arguments import time_limit
from ._client_base import Base, ConfigValue, Store, as_config
from ._event import Event
from ._event_router import Core
from ._methods import SyncMethods
from ._native import ClientHandle
from ._pairing import Pairing, PairingStep
from ._requests import SyncRequests
from ._subscription import Subscription
from .events import Ready

E = TypeVar("E", bound=Event)
T = TypeVar("T")


# The longest that `poll` can wait.
_LONGEST = 86_400.0


class _Blocking(Base):
    """Waits by blocking, in any number of threads."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine of the client to its end in one go, because the client blocks where it waits."""
        is_handler = self._core.is_locked
        try:
            coroutine.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            if not is_handler:
                self._core.unlock()
        raise AssertionError("a blocking client was suspended")

    async def _wait(self, subscription: Subscription, seconds: float | None) -> None:
        self._core.wait(subscription, seconds, self._sleep)

    def _sleep(self, seconds: float | None) -> None:
        # Not `select`, which knows no descriptor above 1023. A signal interrupts it, and its handler may raise.
        limit = None if seconds is None else min(max(0, seconds), _LONGEST)
        if not hasattr(select, "poll"):  # eventlet takes it away
            select.select([self._core.handle.fd], [], [], limit)
            return
        readable = select.poll()
        readable.register(self._core.handle.fd, select.POLLIN)
        readable.poll(None if limit is None else limit * 1000)


class SyncClient(SyncRequests, SyncMethods):
    """A session, for programs without asyncio; `Client` describes it.

        with libwa.SyncClient("sqlite:session.db") as client:
            for step in client.pair("+15551234567"):
                if isinstance(step, libwa.PairingCode):
                    print("Type into the phone:", step.display)
            for event in client.events():
                ...

    Any number of threads may use it at once, to call, to iterate over events and to close it: an answer comes to the thread that
    asked, and each event to one of those that iterate. A wait of the main thread ends at Ctrl-C.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        session: str | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> None:
        core = Core(as_config(store, session, config or {}))
        self._client = _Blocking(core)
        self._handle = core.handle
        self._pid = os.getpid()
        self._finalizer = weakref.finalize(self, _release, core.handle, self._pid)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "linked" if self.is_linked else "not linked"
        return f"<libwa.SyncClient {self.id}, {state}>"

    @property
    def id(self) -> int:
        """The number by which events name the client; unique in the process."""
        return self._handle.id

    @property
    def is_linked(self) -> bool:
        """True if the session is linked to an account, so that it needs no pairing."""
        return self._handle.is_linked

    @property
    def closed(self) -> bool:
        """True if `close()` is done."""
        return not self._finalizer.alive

    def connect(self) -> None:
        """Asks for a connection, which is kept up from then on."""
        self._handle.connect()

    def disconnect(self) -> None:
        """Gives the connection up until `connect()` is called again."""
        self._client._core.disconnect()

    def close(self) -> None:
        """Stops the client; the session stays in the store. May be repeated."""
        if self._finalizer.alive:
            try:
                self._client.run(self._client._close())
            finally:
                self._finalizer()

    def __enter__(self) -> SyncClient:
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        finalizer = getattr(self, "_finalizer", None)
        if finalizer is not None and finalizer.alive and os.getpid() == self._pid:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def pair(self, phone: str, code: str | None = None) -> Iterator[PairingStep]:
        """As `Client.pair`."""
        return _steps(self, Pairing(self._client, "wa_request_pairing", phone, code))

    def qr(self) -> Iterator[PairingStep]:
        """As `Client.qr`."""
        return _steps(self, Pairing(self._client, "wa_request_qr"))

    def events(self, timeout: float | None = None, *, ack: bool = True) -> Iterator[Event]:
        """As `Client.events`; with a `timeout` the loop also ends when no event came for so many seconds, 0 or more.

        None or infinity is for any time.
        """
        return _events(self, time_limit(timeout), ack)

    def ready(self, timeout: float | None = None) -> Ready:
        """As `Client.ready`."""
        return self._client.run(self._client.ready(timeout))

    @overload
    def wait_for(self, kind: type[E], timeout: float | None = None) -> E: ...

    @overload
    def wait_for(self, kind: tuple[type[Event], ...], timeout: float | None = None) -> Event: ...

    def wait_for(self, kind: type[E] | tuple[type[Event], ...], timeout: float | None = None) -> E | Event:
        """As `Client.wait_for`."""
        return self._client.run(self._client._find(kind, timeout))

    def call(self, method: str, **params: Any) -> Any:
        """As `Client.call`."""
        return self._call(method, params)

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        return self._client.run(self._client._call(method, params))

    def _request(self, function: str, *args: Any) -> Any:
        return self._client.run(self._client._request(function, *args))


def _events(client: SyncClient, limit: float | None, ack: bool) -> Iterator[Event]:
    while True:
        try:
            event = client._client.run(client._client._next_event(limit))
        except StopAsyncIteration:
            return
        if event is None:
            return
        yield event
        if ack:
            event.ack()


def _steps(client: SyncClient, pairing: Pairing) -> Iterator[PairingStep]:
    try:
        # Holding the client, which else could be freed under the loop.
        while client:
            try:
                step = client._client.run(pairing.step())
            except StopAsyncIteration:
                return
            if step is not None:
                yield step
    finally:
        pairing.close()


def _release(handle: ClientHandle, pid: int) -> None:
    if os.getpid() == pid:
        handle.free()

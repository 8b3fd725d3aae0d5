"""The asyncio client: waits for the library's descriptor with the event loop's own reader. No thread, no polling loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar, overload

from ._client_base import Base, ConfigValue, Store, as_config
from ._event import Event
from ._event_router import Core
from ._native import ClientHandle
from ._pairing import Pairing, PairingStep
from ._subscription import Subscription

E = TypeVar("E", bound=Event)

# So many events may be handled in a row before other tasks of the loop have their turn.
_TURN = 64


class Client(Base):
    """A session: a device that is linked, or to be linked, to one WhatsApp account.

        async with libwa.Client("sqlite:session.db") as client:
            async for step in client.pair("+15551234567"):
                if isinstance(step, libwa.PairingCode):
                    print("Type into the phone:", step.display)
            async for event in client.events():
                ...

    `async with` connects, and closes at the end; the session stays in the store. A client belongs to the event loop that first
    waits with it, and to the thread of that loop. Nothing is read from the library before a caller waits.

    Args:
        store: The session's store: "sqlite:PATH", "memory:", or a `pathlib.Path`; the key `store.url`.
        session: The session within the store, which can hold many; the key `session.id`.
        config: Any other keys, as include/CONFIGURATION.md lists them: {"device.name": "My bot"}.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        session: str | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> None:
        super().__init__(Core(as_config(store, session, config or {})))
        self._reader = _Reader(self._core.handle.fd)
        # Frees the client when nobody did, at the end of the program too.
        self._finalizer = weakref.finalize(self, _release, self._core.handle, self._reader, os.getpid())

    def __repr__(self) -> str:
        state = "closed" if self.closed else "linked" if self.is_linked else "not linked"
        return f"<libwa.Client {self.id}, {state}>"

    @property
    def id(self) -> int:
        """The number by which events name the client; unique in the process."""
        return self._core.handle.id

    @property
    def closed(self) -> bool:
        """True if `close()` is done."""
        return not self._finalizer.alive

    def connect(self) -> None:
        """Asks for a connection, which is kept up from then on. `Connection` events tell how it goes, `Ready` when it is up."""
        self._core.handle.connect()

    def disconnect(self) -> None:
        """Gives the connection up until `connect()` is called again."""
        self._core.disconnect()

    async def close(self) -> None:
        """Stops the client; the session stays in the store. May be repeated."""
        if self._finalizer.alive:
            # Refuses another loop's client before anything is changed.
            self._enter()
            try:
                await self._close()
            finally:
                self._finalizer()

    async def __aenter__(self) -> Client:
        self.connect()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __del__(self) -> None:
        finalizer = getattr(self, "_finalizer", None)
        if finalizer is not None and finalizer.alive and os.getpid() == self._reader.pid:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)

    def pair(self, phone: str, code: str | None = None) -> PairingSteps:
        """Links the session by a code that the user types into the phone, and gives the steps up to `Ready`.

        A session that is linked already, to this number, gives `Ready` once it is logged in. A `Connection` among the steps says
        why there is none just now. Leaving the loop early cancels the pairing.

        Args:
            phone: The account's number in international form, such as "+15551234567".
            code: Eight characters of your own choice for the code; a random one is safer.

        Only what happens now ends it: an event of an earlier run, which is `redelivered`, comes from `events()`.

        Raises:
            InvalidPhoneNumberError: It is no phone number in international form, whether the session is linked or not.
            AlreadyLinkedError: The session is linked to another number.
            Error: The pairing or the login failed, or the connection was given up, by the class of why. Its `event` explains
                it and is acknowledged, its `user_text` says what to tell the user.
        """
        return PairingSteps(Pairing(self, "wa_request_pairing", phone, code))

    def qr(self) -> PairingSteps:
        """Links the session by QR codes, each a `PairingQr` that replaces the one before; else as `pair()`.

        `step.terminal()`, `step.svg()` and `step.png()` draw the code.
        """
        return PairingSteps(Pairing(self, "wa_request_qr"))

    def events(self, *, ack: bool = True) -> EventStream:
        """The events of the client, one after the other, ending after `Closed`.

        It does not end when the connection is given up: a `Connection` with `is_final` tells of that, and nothing more comes of
        the server before `connect()` is called again.

        Each event is acknowledged when the loop asks for the next one, so not when the body raises or leaves the loop: then
        it comes again when the session is opened again, unless you call `event.ack()`. Events that `pair()`, `qr()`,
        `wait_for()` or a call of a method took are not among them.

        Args:
            ack: False leaves it to you to call `event.ack()`, for loops that hand events on to other tasks.
        """
        return EventStream(self, ack)

    @overload
    async def wait_for(self, kind: type[E], timeout: float | None = None) -> E: ...

    @overload
    async def wait_for(self, kind: tuple[type[Event], ...], timeout: float | None = None) -> Event: ...

    async def wait_for(self, kind: type[E] | tuple[type[Event], ...], timeout: float | None = None) -> E | Event:
        """Takes the next event of this type, or of one of these, and leaves all others for `events()`.

        A `LoggedOut` or `Restricted` of an earlier run that holds no longer is left there too.

        Args:
            kind: A class of events, such as `libwa.Message`, or a tuple of such classes.
            timeout: Seconds, 0 or more; None or infinity for any time.

        Raises:
            TimeoutError: None came within so many seconds.
            Error: None will come: the client is closed, or the connection was given up, by the class of why.
        """
        return await self._find(kind, timeout)

    async def call(self, method: str, **params: Any) -> Any:
        """Calls a method by its name and gives its result, as include/METHODS.md describes it.

        `client.session.status()` and its like are the same with types.
        """
        return await self._call(method, params)

    def _enter(self) -> None:
        self._reader.bind(weakref.ref(self))

    async def _wait(self, subscription: Subscription, seconds: float | None) -> None:
        loop = self._reader.bind(weakref.ref(self))
        thread = threading.get_ident()
        future: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not future.done():
                future.set_result(None)

        def notify() -> None:
            # Events come in the loop's own thread; only the end may be said by another one.
            if threading.get_ident() == thread:
                finish()
            else:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(finish)

        if not self._core.listen(subscription, notify):
            return
        self._reader.waiting += 1
        timer = None if seconds is None else loop.call_later(seconds, finish)
        try:
            self._reader.start()
            await future
        finally:
            self._reader.waiting -= 1
            subscription.unlisten(notify)
            if timer is not None:
                timer.cancel()

    def _readable(self) -> None:
        """The loop found the descriptor readable."""
        if self._reader.waiting == 0 or self._core.ended:
            self._reader.stop()  # what comes waits in the library
        else:
            self._core.drain()


class EventStream:
    """An asynchronous iterator over events; see `Client.events`."""

    def __init__(self, client: Client, ack: bool) -> None:
        self._client = client
        self._ack = ack
        self._last: Event | None = None
        self._in_a_row = 0

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        if self._last is not None:
            self._last.ack()
            self._last = None
        self._in_a_row += 1
        if self._in_a_row % _TURN == 0:
            await asyncio.sleep(0)
        event = await self._client._next_event(None)
        assert event is not None
        if self._ack:
            self._last = event
        return event


class PairingSteps:
    """An asynchronous iterator over the steps of a pairing; see `Client.pair`."""

    def __init__(self, pairing: Pairing) -> None:
        self._pairing = pairing

    def __aiter__(self) -> PairingSteps:
        return self

    async def __anext__(self) -> PairingStep:
        step = await self._pairing.step()
        assert step is not None
        return step


class _Reader:
    """The descriptor's place in an event loop."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.pid = os.getpid()
        self.waiting = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self._callback: Callable[[], None] | None = None
        self._active = False

    def bind(self, client: weakref.ref[Client]) -> asyncio.AbstractEventLoop:
        """The running loop, which the client belongs to from now on."""
        loop = asyncio.get_running_loop()
        if self.loop is not loop:
            if self.loop is not None and not self.loop.is_closed():
                raise RuntimeError(
                    "this client belongs to another event loop: call it there, from other threads by "
                    "asyncio.run_coroutine_threadsafe(), or make one client for each loop"
                )
            self.loop, self._active = loop, False

            def readable() -> None:
                found = client()
                if found is not None:
                    found._readable()

            self._callback = readable
        return loop

    def start(self) -> None:
        if not self._active and self.loop is not None and self._callback is not None:
            self.loop.add_reader(self.fd, self._callback)
            self._active = True

    def stop(self) -> None:
        if self._active and self.loop is not None and not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self._active = False


def _release(handle: ClientHandle, reader: _Reader, pid: int) -> None:
    """Frees a client, from whatever thread the garbage collector runs in."""
    if os.getpid() != pid:
        return  # a forked child shares the loop's descriptors with its parent

    def release() -> None:
        reader.stop()
        handle.free()

    loop = reader.loop
    if loop is None or loop.is_closed() or not loop.is_running() or asyncio._get_running_loop() is loop:
        release()
    else:
        loop.call_soon_threadsafe(release)

"""The handler of a signal interrupts the client at many steps of its work, and calls it too, or raises."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from conftest import PATIENCE

import libwa
from libwa import _bindings as c
from libwa import _native

_ROOM = os.path.dirname(_native.__file__)

# Every so many steps there is an interruption. Each version of Python begins at another one.
_STRIDE = 10


class Library:
    """Stands in for the library: has lines of the log to tell, and answers each request by its number."""

    id = 1
    capacity = 100
    is_linked = False

    def __init__(self, config: dict[str, str]) -> None:
        self.fd, self._bell = os.pipe()
        os.set_blocking(self.fd, False)
        self._lock = threading.Lock()
        self._number = 0
        self._request = 0
        self._waiting: deque[dict[str, Any]] = deque()
        self.log()

    def log(self) -> None:
        """Tells a line of the log."""
        with self._lock:
            self._tell(type="log", request=0, level="info", target="", text="")

    def _tell(self, **fields: Any) -> None:
        self._number += 1
        self._waiting.append({"id": self._number, "client": 1, "time_ms": 0, "redelivered": False, **fields})
        os.write(self._bell, b".")

    def request(self, function: str, *args: Any) -> int:
        with self._lock:
            self._tell(type="log", request=0, level="info", target="", text="")
            self._request += 1
            number = self._request
            answer = {"method": "", "status": 0, "name": "ok", "text": None, "key": None, "retryable": False, "retry_after_ms": 0}
            self._tell(type="result", request=number, result=number, **answer)
            self._tell(type="log", request=0, level="info", target="", text="")
            return number

    def poll(self, taken: Taken) -> int:
        with self._lock:
            if not self._waiting:
                return c.WA_TIMEOUT
            os.read(self.fd, 1)
            taken.text = json.dumps(self._waiting.popleft()).encode()
            return 0

    def cancel(self, request: int) -> None: ...

    def check_process(self) -> None: ...

    def wake(self) -> None:
        os.write(self._bell, b".")

    def free(self) -> None:
        for fd in (self.fd, self._bell):
            os.close(fd)
        self.fd = self._bell = -1


class Taken:
    """Stands in for an event of the library."""

    text = b""
    is_freed = False

    @property
    def is_empty(self) -> bool:
        return not self.text

    def json(self) -> bytes:
        return b"null" if self.is_freed else self.text

    def free(self) -> None:
        self.is_freed = True


class Interruption:
    """Does something once, at one of the steps that the client's code takes in this thread."""

    def __init__(self, step: int, handler: Callable[[], None]) -> None:
        self._left = step
        self._handler = handler
        self.came = False

    def __enter__(self) -> None:
        # A collection could run the code of an earlier client within a call of the stand-in, where no handler of a signal runs.
        gc.disable()
        # Python 3.12 traces operations only if a frame asked for it before.
        sys._getframe().f_trace_opcodes = True
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        gc.enable()

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if os.path.dirname(frame.f_code.co_filename) != _ROOM:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and not self.came:
            self._left -= 1
            if self._left < 0:
                self.came = True
                sys.settrace(None)
                self._handler()
        return self._trace


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("libwa._event_router._native.ClientHandle", Library)
    monkeypatch.setattr("libwa._hand.Taken", Taken)

    def late(*_: Any) -> None:
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def interrupted(
    handler: Callable[[libwa.SyncClient], None], work: Callable[[libwa.SyncClient], None]
) -> Iterator[libwa.SyncClient]:
    """Does the same work again and again with a new client, interrupted later each time, until there is no such step."""
    step = 2 * sys.version_info[1] % _STRIDE
    while True:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        client = libwa.SyncClient()
        interruption = Interruption(step, lambda client=client: handler(client))  # type: ignore[misc]
        with interruption:
            work(client)
        yield client
        client._finalizer()
        if not interruption.came:
            break
        step += _STRIDE
    assert step > 500


def calls(client: libwa.SyncClient) -> None:
    """Makes a call and looks for an event that does not come; each of them takes events for others."""
    assert client.call("session.status") in (1, 2)
    with contextlib.suppress(TimeoutError):
        client.wait_for(libwa.Ready, timeout=0)


def tell(client: libwa.SyncClient) -> None:
    """Has the library tell a line of its log."""
    library = client._handle
    assert isinstance(library, Library)
    library.log()


def told(client: libwa.SyncClient) -> list[int]:
    """All events that were not taken yet."""
    tell(client)
    return [event.id for event in client.events(timeout=0)]


def test_a_handler_that_calls() -> None:
    """Each answer comes to its call, and each event comes once, in order."""
    answers: list[Any] = []

    def handler(client: libwa.SyncClient) -> None:
        answers.append(client.call("session.status"))
        assert answers[0] in (1, 2)

    for client in interrupted(handler, calls):
        # The rest is told: two lines for each call, the first and the last.
        ids = told(client)
        assert len(ids) == 2 * (1 + len(answers)) + 2 and ids == sorted(set(ids))
        answers.clear()


def test_a_handler_that_calls_while_another_thread_takes_events() -> None:
    """Each answer comes to its call."""
    seen: dict[libwa.SyncClient, tuple[threading.Thread, list[int]]] = {}

    def begin(client: libwa.SyncClient) -> None:
        ids: list[int] = []

        def consume() -> None:
            for event in client.events():
                ids.append(event.id)
                if isinstance(event, libwa.Log) and len(ids) == 6:
                    return

        thread = threading.Thread(target=consume, daemon=True)
        seen[client] = (thread, ids)
        thread.start()

    def work(client: libwa.SyncClient) -> None:
        begin(client)
        calls(client)

    def handler(client: libwa.SyncClient) -> None:
        assert client.call("session.status") in (1, 2)

    for client in interrupted(handler, work):
        thread, ids = seen.pop(client)
        while thread.is_alive() and len(ids) < 6:
            tell(client)
            thread.join(0.001)
        thread.join(PATIENCE)
        assert len(ids) == 6 and len(set(ids)) == 6


# A call that is ended before it has begun was made for nothing.
@pytest.mark.filterwarnings("ignore:.*was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_handler_that_raises() -> None:
    """It ends the call; nothing of what others wait for is lost, or told twice."""

    class Raised(Exception):
        pass

    def handler(client: libwa.SyncClient) -> None:
        raise Raised

    def work(client: libwa.SyncClient) -> None:
        with contextlib.suppress(Raised):
            calls(client)

    for client in interrupted(handler, work):
        ids = told(client)
        assert ids == sorted(set(ids))
        assert client.call("session.status")

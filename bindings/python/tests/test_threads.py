"""One client used by many threads at once: as in Flask, Django, and gunicorn with --threads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import PATIENCE, output_of, run, script

import libwa
from libwa import errors
from libwa._native import ClientHandle
from libwa.testing import Phone, Simulator

# So long a test waits for threads that do thousands of calls on a machine that has other work.
LONG = 5 * PATIENCE


@pytest.fixture
def client(config: dict[str, str], wa_phone: Phone) -> Iterator[libwa.SyncClient]:
    """A linked client."""
    with libwa.SyncClient(config=config) as client:
        for step in client.qr():
            if isinstance(step, libwa.PairingQr):
                assert wa_phone.scan(step.payload).linked
        yield client


class Threads:
    """Threads whose faults are raised when they are joined."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._faults: list[BaseException] = []

    def start(self, work: Callable[..., Any], *arguments: Any) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except BaseException as fault:
                self._faults.append(fault)

        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        until = time.monotonic() + LONG
        for thread in self._threads:
            thread.join(max(0, until - time.monotonic()))
        if self._faults:
            raise self._faults[0]
        assert not [thread for thread in self._threads if thread.is_alive()], "it hangs"


def test_eight_threads_call_beside_a_consumer(client: libwa.SyncClient) -> None:
    callers, consumer = Threads(), Threads()
    seen: list[libwa.Event] = []
    consumer.start(lambda: seen.extend(client.events()))

    def calls() -> None:
        for _ in range(2000):
            assert client.session.status().linked

    for _ in range(8):
        callers.start(calls)
    callers.join()
    client.close()
    consumer.join()
    assert isinstance(seen[-1], libwa.Closed)
    # Every answer came to whoever asked.
    assert not [event for event in seen if isinstance(event, libwa.Result)]


def test_threads_send_at_once(client: libwa.SyncClient, wa_sim: Simulator) -> None:
    wa_sim.phone("+15550002222", name="Bob")
    threads = Threads()
    sent: list[str] = []

    def send(number: int) -> None:
        for count in range(25):
            sent.append(client.send_text("15550002222", f"{number}, {count}").message_id)

    for number in range(4):
        threads.start(send, number)
    threads.join()
    assert len(set(sent)) == 100


def test_each_event_comes_to_one_of_those_who_iterate(client: libwa.SyncClient, wa_sim: Simulator, wa_phone: Phone) -> None:
    wa_sim.phone("+15550002222", name="Bob")
    threads = Threads()
    texts: queue.Queue[str | None] = queue.Queue()
    enough = threading.Event()

    def consume() -> None:
        for event in client.events():
            if isinstance(event, libwa.Message):
                texts.put(event.text)

    def call() -> None:
        # It takes events out of the library too, and leaves them to those who iterate.
        with contextlib.suppress(errors.ClientClosedError):
            while not enough.is_set():
                client.session.status()

    for work in (consume, consume, consume, call):
        threads.start(work)
    wanted = [f"text {number}" for number in range(60)]
    for text in wanted:
        wa_sim.control("POST", "/phones/15550002222/send", {"to": wa_phone.number.lstrip("+"), "text": text})
    assert sorted(str(texts.get(timeout=LONG)) for _ in wanted) == sorted(wanted)
    enough.set()
    client.close()
    threads.join()
    assert texts.empty()


def test_an_answer_that_comes_before_it_is_awaited(client: libwa.SyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    started = ClientHandle.request

    def slowly(handle: ClientHandle, function: str, *arguments: Any) -> int:
        number = started(handle, function, *arguments)
        time.sleep(0.05)  # the other thread takes what came
        return number

    threads = Threads()
    threads.start(lambda: list(client.events()))
    monkeypatch.setattr(ClientHandle, "request", slowly)
    for _ in range(5):
        assert client.session.status().linked
    client.close()
    threads.join()


def test_time_limits_of_one_thread_are_no_matter_to_another(client: libwa.SyncClient) -> None:
    threads = Threads()

    def late(limit: float) -> None:
        for _ in range(20):
            with pytest.raises(TimeoutError):
                client.wait_for(libwa.Presence, timeout=limit)

    def calls() -> None:
        for _ in range(500):
            client.session.status()

    for limit in (0, 0.001, 0.01):
        threads.start(late, limit)
        threads.start(calls)
    threads.join()


def test_closing_ends_every_thread(client: libwa.SyncClient) -> None:
    threads = Threads()
    ended: list[str] = []

    def until_closed(work: Callable[[], object]) -> None:
        try:
            while True:
                work()
        except errors.ClientClosedError as error:
            ended.append(error.name)

    def wait() -> None:
        client.wait_for(libwa.Presence)

    for work in (wait, wait, client.session.status, client.session.status):
        threads.start(until_closed, work)
    threads.start(lambda: list(client.events()))
    threads.start(client.close)
    threads.start(client.close)
    threads.join()
    assert ended == ["WA_ERROR_CLIENT_CLOSED"] * 4
    assert client.closed


class Interrupted(Exception):
    pass


# CPython warns of a coroutine which an exception of a handler stops between its making and its first step.
@pytest.mark.filterwarnings("ignore:coroutine '.*' was never awaited:RuntimeWarning")
def test_a_thread_that_is_interrupted_loses_nothing_of_the_others(client: libwa.SyncClient) -> None:
    """Handlers of signals run in the main thread, and raise wherever it is."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    threads = Threads()
    answered: list[bool] = []
    answers = 600

    def calls() -> None:
        for _ in range(answers):
            answered.append(client.session.status().linked)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(3):
            threads.start(calls)
        interruptions = 0
        while len(answered) < 3 * answers and interruptions < 20_000:
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0005)
                    for _ in client.events():
                        pass
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                interruptions += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    threads.join()
    assert len(answered) == 3 * answers


def test_a_lock_that_an_exception_of_a_handler_kept_is_let_go(client: libwa.SyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler can raise between a `with` block and its end, in Python 3.9 and 3.10."""
    core = client._client._core

    def kept() -> None:
        core._lock.acquire()
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(core, "drain", kept)
        with pytest.raises(Interrupted):
            client.session.status()
    threads = Threads()
    threads.start(client.session.status)
    threads.join()


def test_a_call_amid_the_closing_of_a_disconnected_client_is_told_of_the_end(
    client: libwa.SyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library refuses requests before it tells that it is closed."""

    def refuse(*_: object) -> int:
        raise libwa.errors.ClientClosedError

    client.connect()
    client.disconnect()
    client.wait_for(libwa.Connection, 60)
    while client.session.status().state != "disconnected":
        pass
    monkeypatch.setattr(ClientHandle, "request", refuse)
    closing = threading.Timer(0.1, client.close)
    closing.start()
    with pytest.raises(libwa.errors.ClientClosedError):
        client.session.status()
    closing.join()


def test_the_handler_of_a_signal_calls_and_closes(config: dict[str, str], wa_phone: Phone) -> None:
    """It runs amid a wait of the main thread, which can do nothing until the handler is done."""
    source = """
import contextlib, signal, threading, time
client = libwa.SyncClient(config=config)
client.connect()
answered, took = [], []

def handler(*_):
    if len(answered) < 200:
        answered.append(client.session.status().linked)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    else:
        started = time.monotonic()
        client.close()
        took.append(time.monotonic() - started)

def calls():
    with contextlib.suppress(libwa.errors.ClientClosedError):
        while not took:
            client.session.status()

signal.signal(signal.SIGALRM, handler)
beside = threading.Thread(target=calls)
if sys.argv[1:]:
    beside.start()
signal.setitimer(signal.ITIMER_REAL, 0.01)
ids = [event.id for event in client.events()]
if sys.argv[1:]:
    beside.join()
assert ids == sorted(set(ids))
assert len(took) == 1
print(answered == [False] * 200)
"""
    for arguments in ([], ["another thread"]):
        assert output_of(script(source, *arguments, config=config)) == "True\n"


def test_the_program_ends_while_threads_wait(config: dict[str, str], wa_phone: Phone) -> None:
    source = """
import threading, time
client = libwa.SyncClient(config=config)
client.connect()
def call():
    while True:
        client.session.status()
for work in (lambda: list(client.events()), lambda: client.wait_for(libwa.Ready), call, call):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
print("alive", flush=True)
"""
    head = "import threading\nthreading.excepthook = lambda args: None\n"
    assert output_of(script(head + source, config=config)) == "alive\n"


def test_ctrl_c_while_other_threads_work(config: dict[str, str], wa_phone: Phone) -> None:
    source = """
import threading
client = libwa.SyncClient(config=config)
client.connect()
go_on = True
def call():
    while go_on:
        client.session.status()
threads = [threading.Thread(target=call) for _ in range(3)]
for thread in threads: thread.start()
print("waiting", flush=True)
try:
    for event in client.events(): pass
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(client.session.status().linked, flush=True)
go_on = False
for thread in threads: thread.join()
client.close()
"""
    process = script(source, config=config)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert output_of(process) == "interrupted\nFalse\n"


def test_the_garbage_collector_closes_what_waits(client: libwa.SyncClient) -> None:
    """It runs in the midst of everything, and closes generators that hold a place among those who wait."""
    threads = Threads()
    thresholds = gc.get_threshold()
    gc.set_threshold(1)

    def cycles() -> None:
        for _ in range(100):
            steps = client.qr()
            with contextlib.suppress(errors.Error):
                next(steps)
            cycle: list[Any] = [client.events(timeout=0), steps]
            cycle.append(cycle)
            assert client.session.status().linked

    try:
        for _ in range(3):
            threads.start(cycles)
        threads.join()
    finally:
        gc.set_threshold(*thresholds)


def test_an_asyncio_client_is_called_from_other_threads(config: dict[str, str]) -> None:
    async def test() -> None:
        async with libwa.Client(config=config) as client:
            loop = asyncio.get_running_loop()
            consumer = asyncio.ensure_future(_all(client))

            def calls() -> int:
                for _ in range(100):
                    asked = asyncio.run_coroutine_threadsafe(client.call("session.status"), loop)
                    assert asked.result(PATIENCE) == asked.result()
                return 100

            done = await asyncio.gather(*(asyncio.to_thread(calls) for _ in range(8)))
            assert sum(done) == 800
            # Anywhere else it says what is wrong, instead of taking the events of the loop.
            with pytest.raises(RuntimeError, match="run_coroutine_threadsafe"):
                await asyncio.to_thread(asyncio.run, _status(client))
            assert not (await client.session.status()).linked
        await consumer

    run(asyncio.wait_for(test(), LONG))


async def _all(client: libwa.Client) -> list[libwa.Event]:
    return [event async for event in client.events()]


async def _status(client: libwa.Client) -> Any:
    return await client.session.status()

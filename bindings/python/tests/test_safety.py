"""What goes wrong in other bindings: each in a program of its own where it could take the tests with it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from conftest import PATIENCE, linked, output_of, run, script

import libwa
from libwa import errors
from libwa.testing import Phone

Make = Callable[..., libwa.Client]


@pytest.mark.parametrize("ending", ["sys.exit(0)", "pass", "os._exit(0)", "raise SystemExit"])
def test_the_program_ends_with_clients_alive(wa_phone: Phone, config: dict[str, str], ending: str) -> None:
    source = """
async def main():
    global client, other, waiting, keep
    client, other = libwa.Client(config=config), libwa.SyncClient(config={**config, "session.id": "other"})
    keep = [client, other]
    keep.append(keep)
    client.connect()
    other.connect()
    waiting = asyncio.ensure_future(client.wait_for(libwa.Ready))
    async for step in client.pair("+15550001234"):
        if isinstance(step, libwa.PairingCode):
            return
asyncio.run(main())
print("alive", flush=True)
"""
    assert output_of(script(source + ending, config=config)) == "alive\n"


def test_a_client_that_is_dropped_is_freed(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        await linked(client, wa_phone)
        fd, gone = client._core.handle.fd, weakref.ref(client)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
            gc.collect()
        assert [warning.category for warning in caught] == [ResourceWarning]
        caught.clear()  # a warning holds what it is about
        assert gone() is None
        # Nothing of it is left in the loop, and its session can be opened again.
        assert not asyncio.get_running_loop().remove_reader(fd)
        async with make() as again:
            await again.ready()

    run(test())


def test_a_client_that_another_thread_drops(make: Make) -> None:
    async def test() -> None:
        client = make()
        client.connect()
        await client.wait_for(libwa.Connection)
        box = [client]
        del client
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            await asyncio.to_thread(box.clear)
            gc.collect()
        for _ in range(int(PATIENCE * 100)):
            try:
                await make().close()
                return
            except errors.SessionInUseError:
                await asyncio.sleep(0.01)
        raise AssertionError("the client was not freed")

    run(test())


def _in_a_child(client: libwa.SyncClient, answers: Any) -> None:
    for use in (client.connect, client.ready, lambda: libwa.SyncClient("memory:"), client.session.status):
        try:
            use()
            answers.put("no error")
        except Exception as error:
            answers.put(type(error).__name__)
    client.close()
    answers.put("closed")


def test_a_forked_child_gets_a_clear_error(config: dict[str, str], wa_phone: Phone) -> None:
    with libwa.SyncClient(config=config) as client:
        fork = multiprocessing.get_context("fork")
        answers = fork.Queue()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, which is the point
            child = fork.Process(target=_in_a_child, args=(client, answers))
            child.start()
        assert [answers.get(timeout=PATIENCE) for _ in range(5)] == ["ForkedError"] * 4 + ["closed"]
        child.join(PATIENCE)
        assert child.exitcode == 0
        # The parent's client is as it was.
        for step in client.pair(wa_phone.number):
            if isinstance(step, libwa.PairingCode):
                assert wa_phone.enter(step.code).linked


def fork_and(then: Callable[[], object]) -> int:
    """Does something in a forked child, which then ends."""
    child = os.fork()
    if child == 0:
        then()
        os._exit(0)
    return child


def test_a_forked_child_leaves_the_loop_of_its_parent_alone(make: Make) -> None:
    async def test() -> None:
        client = make()
        client.connect()
        await client.wait_for(libwa.Connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = fork_and(client._finalizer)
        await asyncio.to_thread(os.waitpid, child, 0)
        client.disconnect()
        async for event in client.events():
            if isinstance(event, libwa.Connection) and event.state == "disconnected":
                break
        await client.close()

    run(test())


def test_many_clients_on_one_loop(make: Make) -> None:
    async def one(number: int) -> str:
        async with make(session__id=str(number)) as client:
            async for event in client.events():
                if isinstance(event, libwa.Connection) and event.state == "connected":
                    return (await client.session.status()).state
        raise AssertionError("closed")

    async def test() -> None:
        before = threading.active_count()
        states = await asyncio.gather(*(one(number) for number in range(50)))
        assert states == ["connected"] * 50
        assert threading.active_count() == before

    run(test())


@pytest.mark.parametrize(
    "wait",
    [
        "client.wait_for(libwa.Ready)",
        "list(client.pair('+15550001234'))",
        "list(client.events())",
        "asyncio.run(libwa.Client(config={**config, 'session.id': 'other'}).wait_for(libwa.Ready))",
    ],
)
def test_ctrl_c_ends_a_wait(config: dict[str, str], wa_phone: Phone, wait: str) -> None:
    source = f"""
client = libwa.SyncClient(config=config)
client.connect()
print("waiting", flush=True)
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = script(source, config=config)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    written, problems = process.communicate(timeout=PATIENCE)
    assert written == "interrupted\n", problems


def test_garbage_collection_in_the_midst_of_everything(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        thresholds = gc.get_threshold()
        gc.set_threshold(1)
        try:
            client = make(log__level="trace")
            await linked(client, wa_phone)
            kept: list[libwa.Event] = []
            for _ in range(20):
                await client.server.ping()
                cycle: list[Any] = [await client.session.status()]
                cycle.append(cycle)
            await client.close()
            async for event in client.events():
                kept.append(event)
            assert isinstance(kept[-1], libwa.Closed)
        finally:
            gc.set_threshold(*thresholds)

    run(test())


def test_a_body_that_raises_is_heard(make: Make) -> None:
    """That its event is not acknowledged is tested in test_events.py."""

    async def test() -> None:
        async with make() as client:
            with pytest.raises(ZeroDivisionError):
                async for _ in client.events():
                    raise ZeroDivisionError
            # The client is none the worse for it.
            assert (await client.session.status()).linked is False

    run(test())


def test_closing_while_others_wait(make: Make) -> None:
    async def test() -> None:
        client = make()
        client.connect()
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(client.wait_for(libwa.Ready)) for _ in range(3)]
        waiting.append(asyncio.ensure_future(_all_steps(client)))
        events = asyncio.ensure_future(_all_events(client))
        await asyncio.sleep(0.05)
        await asyncio.gather(client.close(), client.close())
        assert isinstance((await events)[-1], libwa.Closed)
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(end, libwa.Error) for end in ends), ends

    run(test())


async def _all_steps(client: libwa.Client) -> list[libwa.PairingStep]:
    return [step async for step in client.pair("+15550001234")]


async def _all_events(client: libwa.Client) -> list[libwa.Event]:
    return [event async for event in client.events()]


STRICT = {
    "one client in several loops": """
client = libwa.Client("memory:", config=config)
async def leave():
    client.connect()
    await client.wait_for(libwa.Connection)
    waiting = asyncio.ensure_future(client.wait_for(libwa.Ready))
    await asyncio.sleep(0.05)
async def again():
    assert not (await client.session.status()).linked
asyncio.run(leave())
asyncio.run(again())
asyncio.run(client.close())
""",
    "a loop that is closed first": """
loop = asyncio.new_event_loop()
client = libwa.Client("memory:", config=config)
client.connect()
loop.run_until_complete(client.wait_for(libwa.Connection))
loop.close()
asyncio.run(client.close())
""",
    "threads at the end": """
import threading
clients = [libwa.SyncClient("memory:", config=config) for _ in range(4)]
for client in clients:
    client.connect()
    threading.Thread(target=lambda: list(client.events()), daemon=True).start()
    client.session.status()
""",
    "loops in threads": """
import threading
async def one():
    async with libwa.Client("memory:", config=config) as client:
        await client.wait_for(libwa.Connection)
        await asyncio.gather(*(client.session.status() for _ in range(20)))
threads = [threading.Thread(target=lambda: asyncio.run(one())) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    "a pool of threads beside a loop": """
async def main():
    with libwa.SyncClient("memory:", config=config) as client:
        await asyncio.gather(*(asyncio.to_thread(client.session.status) for _ in range(40)))
asyncio.run(main())
""",
}


@pytest.mark.parametrize("name", STRICT)
def test_no_warning_in_development_mode(config: dict[str, str], name: str) -> None:
    # A loop warns of a callback that took 0.1 s, which any does on a slow machine.
    quiet = "import logging\nlogging.getLogger('asyncio').addFilter(lambda record: 'Executing' not in record.getMessage())"
    head = f"import asyncio, libwa\n{quiet}\nconfig = {config!r}\ndel config['store.url']"
    source = f"{head}\n{STRICT[name]}\nprint('done', flush=True)"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", source],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_importing_does_nothing() -> None:
    source = """
import threading
print(threading.active_count(), [name for name in os.listdir("/proc/self/task")] == [str(os.getpid())], libwa.version())
print("unittest" in sys.modules, "http.client" in sys.modules, asyncio._get_running_loop())
"""
    assert output_of(script(source)) == f"1 True {libwa.__version__}\nFalse False None\n"


@pytest.mark.parametrize(
    ("path", "says"),
    [("/no/such/libwa.so", "there is no such file"), (sys.executable, "libwa.so"), ("/proc/self/status", "Tried")],
)
def test_a_library_that_does_not_fit(path: str, says: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import libwa"],
        env={**os.environ, "LIBWA_PATH": path, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert "ImportError: libwa's shared library was not found or does not fit" in found.stderr
    assert says in found.stderr
    assert "During handling" not in found.stderr


def test_an_inherited_client_says_that_it_is_one(config: dict[str, str]) -> None:
    source = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, which is the point
clients = [libwa.SyncClient(config=config), libwa.Client(config={**config, "session.id": "other"})]
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    clients[0].close()
    asyncio.run(clients[1].close())
else:
    calls = [
        clients[0].session.status, lambda: clients[0].call("session.status"), lambda: clients[0].ready(1),
        lambda: asyncio.run(clients[1].session.status()), lambda: asyncio.run(clients[1].ready(1)),
    ]
    for call in calls:
        try:
            call()
        except libwa.errors.ForkedError:
            continue
        os._exit(1)
    os._exit(0)
"""
    assert output_of(script(source, config=config)) == ""


def test_a_client_of_another_loop_is_not_closed_by_mistake(config: dict[str, str]) -> None:
    async def test() -> None:
        async with libwa.Client(config=config) as client:
            await client.session.status()
            with pytest.raises(RuntimeError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, client.close())
            assert not client.closed
            assert not (await client.session.status()).linked

    run(test())

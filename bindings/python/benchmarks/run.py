"""What the package costs, each figure beside what bounds it from below:

    cargo build --release && cargo build --release -p wa-sim
    LIBWA_PATH=target/release/libwa.so WA_SIM=target/release/wa-sim PYTHONPATH=bindings/python/src \\
        python bindings/python/benchmarks/run.py

- one event out of the library's queue into a Python object, beside the same calls through bare ctypes;
- `import libwa`, beyond asyncio, json, ctypes and dataclasses;
- 1,000 clients on one event loop.

Times are of the processor, so that a busy machine changes them little, except where it says otherwise.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import libwa
from libwa._event_router import Core
from libwa._load import lib
from libwa.testing import Simulator

ROUNDS = 7


def main() -> None:
    """Runs them all."""
    event()
    event_by_asyncio()
    imports()
    asyncio.run(many(1000))


def fill(core: Core, number: int) -> None:
    """Makes events wait: each of these calls is answered by a `result`."""
    for _ in range(number // 50):
        for _ in range(50):
            core.handle.request("wa_call", "session.status", None)
        time.sleep(0.002)
    time.sleep(0.1)


def event() -> None:
    """One event into a Python object, and the floor: the same four calls of the library, and nothing made of them."""
    core = Core({"store.url": "memory:"})
    number = 500
    python: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        fill(core, number)
        gc.collect()
        start = time.thread_time()
        taken = 0
        while taken < number:
            core.drain()
            while core.inbox.pop() is not None:
                taken += 1
        python.append((time.thread_time() - start) / number)

        fill(core, number)
        gc.collect()
        handle, out, error = core.handle._queue, ctypes.c_void_p(), ctypes.c_void_p()
        poll, json, free = lib.wa_queue_poll, lib.wa_event_json, lib.wa_event_free
        start = time.thread_time()
        for _ in range(number):
            poll(handle, 0, ctypes.byref(out), ctypes.byref(error))
            json(out, None)
            free(out)
        bare.append((time.thread_time() - start) / number)
    core.handle.free()
    ours, floor = statistics.median(python) * 1e6, statistics.median(bare) * 1e6
    print(f"event into a Python object      {ours:7.1f} us   bare ctypes {floor:.1f} us, ratio {ours / floor:.1f}   (mark 15 us)")


def event_by_asyncio() -> None:
    """The same as a program sees it: `async for event in client.events()`."""

    async def loop() -> float:
        client = libwa.Client("memory:")
        number = 500
        times: list[float] = []
        for _ in range(ROUNDS):
            await asyncio.to_thread(fill, client._core, number)
            taken = 0
            start = time.thread_time()
            async for _ in client.events():
                taken += 1
                if taken == number:
                    break
            times.append((time.thread_time() - start) / number)
        await client.close()
        return statistics.median(times) * 1e6

    print(f"event out of `events()`         {asyncio.run(loop()):7.1f} us")


IMPORT = """
import time
{}
def kib():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
before, start = kib(), time.process_time()
{}
print((time.process_time() - start) * 1000, kib() - before)
"""


def imports() -> None:
    """`import libwa`, beside the library alone, and beside what is imported before."""
    found: list[str] = []
    for statement in ("import libwa", f"ctypes.CDLL({lib._name!r})", "import asyncio"):
        times: list[float] = []
        sizes: list[float] = []
        first = "" if statement == "import asyncio" else "import asyncio, json, ctypes, dataclasses"
        for _ in range(3 * ROUNDS):
            out = subprocess.run(
                [sys.executable, "-c", IMPORT.format(first, statement)], capture_output=True, text=True, check=True
            )
            took, size = out.stdout.split()
            times.append(float(took))
            sizes.append(float(size) / 1024)
        found.append(f"{min(times):.1f} ms, {statistics.median(sizes):.1f} MiB")
    print(f"import libwa                    {found[0]}   the library alone {found[1]}, asyncio {found[2]}   (marks 20 ms, 4 MiB)")


def resident() -> float:
    """The process's memory in MiB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


async def many(number: int) -> None:
    """Clients that connect to the simulator, on one loop; then one call of each, all at once."""
    with Simulator() as sim:
        memory, processor = resident(), time.process_time()
        start = time.perf_counter()
        clients = [libwa.Client("memory:", session=str(n), config=sim.config) for n in range(number)]

        async def connected(client: libwa.Client) -> None:
            client.connect()
            async for event in client.events():
                if isinstance(event, libwa.Connection) and event.state == "connected":
                    return

        await asyncio.gather(*(connected(client) for client in clients))
        took, used = time.perf_counter() - start, time.process_time() - processor
        print(
            f"{number} clients on one loop      connected in {took:.1f} s, {used:.1f} s of processor, "
            f"{(resident() - memory) * 1024 / number:.0f} KiB each, {threading.active_count()} Python thread, "
            f"{len(os.listdir('/proc/self/task')) - 1} of the library"
        )
        start = time.perf_counter()
        await asyncio.gather(*(client.session.status() for client in clients))
        print(f"one call of each                {(time.perf_counter() - start) / number * 1e6:7.1f} us")
        processor = time.process_time()
        await asyncio.sleep(2)
        print(f"idle                            {(time.process_time() - processor) / 2 * 100:7.1f} % of a core")
        start = time.perf_counter()
        await asyncio.gather(*(client.close() for client in clients))
        print(f"closed in                       {time.perf_counter() - start:7.1f} s")


if __name__ == "__main__":
    main()

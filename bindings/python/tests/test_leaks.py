"""Cycles of opening, linking and closing keep memory and descriptors where they were.

`LIBWA_CYCLES=1000 pytest tests/test_leaks.py` runs the full form; without it there are fewer. Linking is by QR code: a pairing code
costs a hash that is slow on purpose.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from conftest import scanned

import libwa
from libwa.testing import Simulator

CYCLES = int(os.environ.get("LIBWA_CYCLES", "60"))

# The cycles after which caches are filled and the allocator has what it needs.
WARM = 20


def resident() -> int:
    """The process's memory in KiB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0])


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("synchronous", [False, True])
def test_cycles(wa_sim: Simulator, synchronous: bool) -> None:
    async def cycle(number: int) -> None:
        phone = wa_sim.phone(f"+1555200{number:04}")
        client = libwa.Client("memory:", config=wa_sim.config)
        await scanned(client, phone)
        await client.close()
        phone.remove()

    def cycle_sync(number: int) -> None:
        phone = wa_sim.phone(f"+1555200{number:04}")
        with libwa.SyncClient("memory:", config=wa_sim.config) as client:
            for step in client.qr():
                if isinstance(step, libwa.PairingQr):
                    assert phone.scan(step.payload).linked
        phone.remove()

    async def cycles(start: int, end: int) -> None:
        for number in range(start, end):
            await cycle(number)

    def run(start: int, end: int) -> None:
        if synchronous:
            for number in range(start, end):
                cycle_sync(number)
        else:
            asyncio.run(cycles(start, end))

    run(0, WARM)
    before = resident(), descriptors()
    run(WARM, CYCLES)
    grown = resident() - before[0]
    assert descriptors() <= before[1]
    # A leaked client would cost 100 KiB and more each.
    assert grown < 2048 + 4 * (CYCLES - WARM), f"{grown} KiB more after {CYCLES - WARM} cycles"

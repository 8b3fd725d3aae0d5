"""Fixtures of all tests: a simulated WhatsApp with one phone, and a store."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

import libwa
from libwa.bot.testing import _shared
from libwa.testing import Phone, Simulator

pytest_plugins = ["libwa.testing.fixtures"]

# All simulators check what clients send against the official client's shapes.
os.environ["WA_SIM_CHECK_SHAPES"] = "1"

T = TypeVar("T")

# How long a test waits for anything. Far more than it takes, so that a slow machine fails no test.
PATIENCE = 180.0

#: What no wait can have for a time-out.
NO_LIMITS: list[Any] = [float("nan"), -1, -0.001, float("-inf"), -(10**400), "5", b"5", True, False, 1j, [1], object()]

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def bots_keep_to_the_shapes() -> Iterator[None]:
    """Fails if a bot has sent what the official client does not: the simulator that bots share ends here, and says so."""
    yield
    for sim in _shared:
        sim.close()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a test's coroutine, with a limit."""

    async def limited() -> T:
        return await asyncio.wait_for(coroutine, PATIENCE)

    return asyncio.run(limited(), debug=True)


def connection_of(sim: Simulator, number: str) -> int:
    """Waits until the account of that number has a device that is connected, and gives the connection's number."""

    def is_its(connection: dict[str, Any]) -> bool:
        return bool(connection["stage"] == "device" and connection["number"] == number)

    all_of_them = sim.wait_connections(lambda connections: any(map(is_its, connections)), PATIENCE)
    return int(next(filter(is_its, all_of_them))["id"])


def script(
    source: str,
    *arguments: str,
    config: dict[str, str] | None = None,
    before: str = "",
    buffered: bool = False,
    **options: Any,
) -> subprocess.Popen[str]:
    """Starts a program of its own, which finds `config` as a dictionary, and its arguments in `sys.argv`.

    What is to be done `before` anything is imported is its first lines. Its output is `buffered` as that of any program whose
    output is a pipe, or not at all.
    """
    head = f"{before}\nimport asyncio, os, sys, libwa\nconfig = {config!r}\n"
    return subprocess.Popen(
        [
            sys.executable,
            "-X",
            "faulthandler",
            *(() if buffered else ("-u",)),
            "-W",
            "error::RuntimeWarning",
            "-c",
            head + source,
            *arguments,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        **options,
    )


def interrupt(process: subprocess.Popen[str]) -> None:
    """Presses Ctrl-C, and again after a while: CPython does not notice a signal that comes right before it begins to wait."""
    process.send_signal(signal.SIGINT)

    def again() -> None:
        while True:
            try:
                process.wait(PATIENCE / 6)
                return
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)

    threading.Thread(target=again, daemon=True).start()


def output_of(process: subprocess.Popen[str]) -> str:
    """What a program wrote, once it has ended well and without a word on standard error."""
    written, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert errors == ""
    return written


async def linked(client: libwa.Client, phone: Phone) -> libwa.Ready:
    """Links a client, by a code."""
    client.connect()
    typing: asyncio.Future[Any] | None = None
    async for step in client.pair(phone.number):
        if isinstance(step, libwa.PairingCode):
            typing = asyncio.ensure_future(asyncio.to_thread(phone.enter, step.code))
        if isinstance(step, libwa.Ready):
            assert typing is not None
            assert (await typing).linked
            return step
    raise AssertionError("the pairing ended without `ready`")


async def scanned(client: libwa.Client, phone: Phone) -> libwa.Ready:
    """Links a client, by a QR code."""
    client.connect()
    scanning: asyncio.Future[Any] | None = None
    async for step in client.qr():
        if isinstance(step, libwa.PairingQr) and scanning is None:
            scanning = asyncio.ensure_future(asyncio.to_thread(phone.scan, step.payload))
        if isinstance(step, libwa.Ready):
            assert scanning is not None
            assert (await scanning).linked
            return step
    raise AssertionError("the pairing ended without `ready`")


@pytest.fixture
def config(wa_sim: Simulator, tmp_path: Path) -> dict[str, str]:
    """A configuration that leads to the simulator and keeps its session in a file."""
    return {**wa_sim.config, "store.url": f"sqlite:{tmp_path / 'session.db'}", "reconnect.base_ms": "20"}


@pytest.fixture
def make(config: dict[str, str]) -> Callable[..., libwa.Client]:
    """Makes a client of that configuration, with further keys."""

    def make(**keys: str) -> libwa.Client:
        return libwa.Client(config={**config, **{key.replace("__", "."): value for key, value in keys.items()}})

    return make

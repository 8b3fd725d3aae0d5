"""What is said of a wait: for how long, and for what."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Union

import pytest
from conftest import NO_LIMITS, PATIENCE, run

import libwa
from libwa import errors
from libwa.testing import Phone, Simulator

WAITS: dict[str, Callable[[libwa.SyncClient, Any], object]] = {
    "wait_for": lambda client, timeout: client.wait_for(libwa.Message, timeout),
    "ready": lambda client, timeout: client.ready(timeout),
    # Refused where it is called, and not only where the loop begins.
    "events": lambda client, timeout: client.events(timeout),
}


@pytest.mark.parametrize("timeout", NO_LIMITS, ids=lambda value: type(value).__name__)
def test_a_timeout_that_is_none(timeout: Any) -> None:
    with libwa.SyncClient("memory:") as client:
        client.disconnect()
        for wait in WAITS.values():
            with pytest.raises(errors.InvalidArgumentError, match="timeout must be a number of seconds") as refused:
                wait(client, timeout)
            assert refused.value.key == "timeout"
            assert "None for any time" in refused.value.text

    async def test() -> None:
        async with libwa.Client("memory:") as client:
            client.disconnect()
            for wait in (client.wait_for(libwa.Message, timeout), client.ready(timeout)):
                with pytest.raises(errors.InvalidArgumentError, match="timeout must be a number of seconds"):
                    await wait

    run(test())


@pytest.mark.parametrize("timeout", [None, float("inf"), 10**400, 1e300])
def test_a_wait_without_end(config: dict[str, str], wa_phone: Phone, timeout: Any) -> None:
    async def asynchronous() -> None:
        client = libwa.Client("memory:")
        waiting = [asyncio.ensure_future(client.wait_for(libwa.Closed, timeout)) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert not any(wait.done() for wait in waiting)
        await client.close()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(end) for end in ends} <= {libwa.Closed, errors.ClientClosedError}

    run(asynchronous())
    client = libwa.SyncClient("memory:")
    seen: list[list[libwa.Event]] = []
    # One of them leads, and the others sleep.
    waiting = [threading.Thread(target=lambda: seen.append(list(client.events(timeout)))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    waiting[0].join(0.05)
    assert seen == []
    client.close()
    for thread in waiting:
        thread.join(PATIENCE)
    assert len(seen) == 3
    with libwa.SyncClient(config=config) as linked:
        for step in linked.pair(wa_phone.number):
            if isinstance(step, libwa.PairingCode):
                assert wa_phone.enter(step.code).linked
        assert linked.ready(timeout)


def test_the_shortest_waits() -> None:
    with libwa.SyncClient("memory:") as client:
        client.disconnect()
        for timeout in (0, 0.0, -0.0, Fraction(1, 100)):
            with pytest.raises(TimeoutError):
                client.wait_for(libwa.Message, timeout)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            client.events(timeout)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Mine(libwa.Message):
    """Looks like an event, and never comes."""


NO_KINDS: list[tuple[Any, str]] = [
    ("message", "an object of the class str"),
    ((), "empty tuple"),
    (int, "the class int"),
    (object, "the class object"),
    (Mine, "the class Mine"),
    (None, "an object of the class NoneType"),
    ([libwa.Message], "an object of the class list"),
    ((libwa.Message, "ready"), "an object of the class str"),
    ((libwa.Message, (libwa.Ready,)), "an object of the class tuple"),
    (Union[libwa.Message, libwa.Ready], "not an object"),
    (list[int], "not "),
    (libwa.Error, "the class Error"),
]


@pytest.mark.parametrize(("kind", "said"), NO_KINDS)
def test_what_is_no_event(kind: Any, said: str) -> None:
    with libwa.SyncClient("memory:") as client:
        client.disconnect()
        with pytest.raises(errors.InvalidArgumentError, match=said) as refused:
            client.wait_for(kind, timeout=0.01)
    assert refused.value.key == "kind"
    assert "libwa.Message" in refused.value.text

    async def test() -> None:
        async with libwa.Client("memory:") as client:
            client.disconnect()
            with pytest.raises(errors.InvalidArgumentError, match=said):
                await client.wait_for(kind, timeout=0.01)

    run(test())


def test_every_event_can_be_waited_for() -> None:
    kinds = [value for value in vars(libwa).values() if isinstance(value, type) and issubclass(value, libwa.Event)]
    assert len(kinds) > 20
    client = libwa.SyncClient("memory:")
    for kind in kinds:
        with pytest.raises(TimeoutError):
            client.wait_for(kind, timeout=0)
    with pytest.raises(TimeoutError):
        client.wait_for(tuple(kinds), timeout=0)
    client.close()


def test_timeouts_of_the_simulator(wa_sim: Simulator, wa_phone: Phone) -> None:
    for timeout in NO_LIMITS:
        with pytest.raises(errors.InvalidArgumentError, match="timeout"):
            wa_phone.wait(lambda state: False, timeout)
        with pytest.raises(errors.InvalidArgumentError, match="timeout"):
            wa_sim.wait_connections(lambda connections: False, timeout)
        with pytest.raises(errors.InvalidArgumentError, match="timeout"):
            wa_sim.settle(timeout)
    with pytest.raises(errors.InvalidArgumentError, match="timeout"):
        wa_sim.settle(float("inf"))
    assert wa_phone.wait(lambda state: True, float("inf"))

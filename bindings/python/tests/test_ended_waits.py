"""What an earlier run left in the store is past, and a connection that was given up ends every wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import PATIENCE, run, scanned

import libwa
from libwa import errors
from libwa.testing import Phone, Simulator

Make = Callable[..., libwa.Client]

LOGIN = {"point": "login"}
REPLACED = ({"point": "out", "tag": "success"}, {"stream_error": {"conflict": "replaced"}})


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{taken.getsockname()[1]}/ws/chat"


async def link_and_stop(make: Make, phone: Phone) -> None:
    async with make() as client:
        await scanned(client, phone)


async def until(client: libwa.Client, holds: Callable[[str], bool]) -> None:
    """Comes back when the connection stands so. No event of it is taken."""
    for _ in range(int(PATIENCE * 100)):
        if holds((await client.session.status()).state):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come to that")


def test_unlinked_while_stopped(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        await link_and_stop(make, wa_phone)
        wa_phone.unlink()
        async with make() as client:
            with pytest.raises(errors.LoggedOutError) as unlinked:
                async for _ in client.pair(wa_phone.number):
                    pass
            assert isinstance(unlinked.value.event, libwa.LoggedOut)
            assert unlinked.value.user_text
        # It was told, and is acknowledged; where that came too late for the store that closes, it is told once more.
        for known in ((errors.NotLinkedError, errors.LoggedOutError), errors.NotLinkedError):
            async with make() as client:
                with pytest.raises(known):
                    await client.ready()
        await link_and_stop(make, wa_phone)
        assert len((await asyncio.to_thread(wa_phone.settled))["companions"]) == 1

    run(test())


def test_the_end_of_an_earlier_link_is_told_and_ends_nothing(make: Make, wa_phone: Phone) -> None:
    async def unlink_unheard() -> None:
        client = make()
        await scanned(client, wa_phone)
        wa_phone.unlink()
        await client.wait_for(libwa.LoggedOut)  # and it is not acknowledged
        await client.close()

    async def test() -> None:
        await unlink_unheard()
        async with make() as client:
            # `ready()` tells it once, for want of a link.
            with pytest.raises(errors.LoggedOutError) as told:
                await client.ready()
            assert told.value.event is not None
            assert told.value.event.redelivered
            with pytest.raises(errors.NotLinkedError):
                await client.ready()
        await unlink_unheard()
        async with make() as client:
            await scanned(client, wa_phone)
            with pytest.raises(TimeoutError):
                await client.wait_for(libwa.LoggedOut, timeout=0.05)
            async for event in client.events():
                if isinstance(event, libwa.LoggedOut):
                    assert event.redelivered
                    break
            assert client.is_linked
            wa_phone.unlink()
            now = await client.wait_for(libwa.LoggedOut, PATIENCE)
            assert not now.redelivered

    run(test())


@pytest.mark.parametrize("reason", ["405", "402"])
def test_a_restriction_of_an_earlier_run_ends_nothing(make: Make, wa_phone: Phone, wa_sim: Simulator, reason: str) -> None:
    async def test() -> None:
        await link_and_stop(make, wa_phone)
        wa_sim.fault(LOGIN, {"failure": {"reason": reason, "code": "101", "expire": "1"}})
        async with make() as client:
            # Nobody takes it, and so nobody acknowledges it.
            await until(client, lambda state: state == "disconnected")
        for _ in range(2):
            async with make() as client:
                assert await client.ready()
                assert [type(step) async for step in client.pair(wa_phone.number)] == [libwa.Ready]
        async with make() as client:
            async for event in client.events(ack=False):
                if isinstance(event, libwa.Restricted):
                    assert event.redelivered
                    break

    run(test())


GIVEN_UP: dict[str, tuple[Callable[[], dict[str, str]], tuple[dict[str, Any], Any] | None, type[libwa.Error]]] = {
    "replaced": (dict, REPLACED, errors.ReplacedError),
    "nobody listens": (lambda: {"reconnect.auto": "false", "server.url": nobody()}, None, errors.ConnectError),
    "closed at login": (lambda: {"reconnect.auto": "false"}, (LOGIN, "close"), errors.ConnectionLostError),
    "405": (dict, (LOGIN, {"failure": {"reason": "405"}}), errors.ClientOutdatedError),
    "402": (
        dict,
        (LOGIN, {"failure": {"reason": "402", "code": "101", "expire": "3600"}}),
        errors.TemporarilyBannedError,
    ),
    "409": (dict, (LOGIN, {"failure": {"reason": "409"}}), errors.ClientRefusedError),
    "401": (dict, (LOGIN, {"failure": {"reason": "401"}}), errors.LoggedOutError),
}

WAITS: dict[str, Callable[[libwa.SyncClient], object]] = {
    "ready": lambda client: client.ready(),
    "pair": lambda client: list(client.pair("+15550001234")),
    "qr": lambda client: list(client.qr()),
    "wait_for": lambda client: client.wait_for(libwa.Message),
    "one of several": lambda client: client.wait_for((libwa.Message, libwa.Ready)),
    "send_text": lambda client: client.send_text("15550002222", "hello"),
    "message.send": lambda client: client.message.send(chat="15550002222", text="hello"),
}


@pytest.mark.parametrize("name", GIVEN_UP)
@pytest.mark.parametrize("wait", WAITS)
def test_a_connection_that_was_given_up_ends_every_wait(
    config: dict[str, str], make: Make, wa_phone: Phone, wa_sim: Simulator, name: str, wait: str
) -> None:
    keys, fault, wanted = GIVEN_UP[name]
    run(link_and_stop(make, wa_phone))
    if fault is not None:
        wa_sim.fault(*fault, times=2)
    with libwa.SyncClient(config={**config, **keys()}) as client:
        # The second one begins when all is over.
        for _ in range(1 if name == "401" else 2):
            with pytest.raises(wanted) as ended:
                WAITS[wait](client)
            assert ended.value.text
            assert "wa_" not in str(ended.value)
    wa_sim.clear_faults()
    if name != "401":
        # The cause is gone, and what it left in the store holds nobody up.
        with libwa.SyncClient(config=config) as client:
            assert client.ready(PATIENCE)


def durable(config: dict[str, str]) -> list[str]:
    """What is told in a run that does not connect. It is acknowledged then."""
    with contextlib.closing(libwa.SyncClient(config=config)) as client:
        return [event.type for event in client.events(0.1) if event.durable]


LOGINS = ("ready", "pair")
FAILURES: dict[str, tuple[type[libwa.Error], list[str]]] = {
    "401": (errors.LoggedOutError, ["logged_out"]),
    "402": (errors.TemporarilyBannedError, ["restricted"]),
    "403": (errors.AccountLockedError, ["restricted", "logged_out"]),
    "406": (errors.AccountBannedError, ["restricted", "logged_out"]),
}


@pytest.mark.parametrize("reason", FAILURES)
@pytest.mark.parametrize("wait", ["ready", "pair", "wait_for", "send_text"])
@pytest.mark.parametrize("late", [False, True])
def test_what_ends_a_login_is_acknowledged_and_what_ends_another_wait_is_left(
    config: dict[str, str], make: Make, wa_phone: Phone, wa_sim: Simulator, reason: str, wait: str, late: bool
) -> None:
    wanted, told = FAILURES[reason]
    explains = libwa.Restricted if "restricted" in told else libwa.LoggedOut

    def fail() -> list[str]:
        run(link_and_stop(make, wa_phone))
        wa_sim.fault(LOGIN, {"failure": {"reason": reason, "code": "101", "expire": "3600"}})
        with libwa.SyncClient(config=config) as client:
            if late:
                client.wait_for(explains, PATIENCE)
            for _ in range(2):
                with pytest.raises(wanted) as ended:
                    WAITS[wait](client)
                # The answer to a request may come before what explains it.
                if not isinstance(ended.value.event, libwa.Result):
                    assert isinstance(ended.value.event, explains)
                    assert ended.value.user_text
                    assert (ended.value.retry_after is not None) is (reason == "402")
            return [event.type for event in client.events(0.1, ack=False) if event.durable]

    # The next run is told in every case that the account is locked.
    kept = told[1:] if wait in LOGINS else told
    again: list[str] = []
    for _ in range(5):
        assert fail() == (told[1:] if late or wait in LOGINS else told)
        again = durable(config)
        # An acknowledgement that came too late for the store that closes does not count.
        if again == kept:
            return
    raise AssertionError(f"told again: {again}, and not {kept}")


def test_a_message_that_waits_takes_no_restriction_from_the_events(
    config: dict[str, str], make: Make, wa_phone: Phone, wa_sim: Simulator
) -> None:
    run(link_and_stop(make, wa_phone))
    wa_sim.fault(LOGIN, {"failure": {"reason": "402", "code": "101", "expire": "3600"}})
    with libwa.SyncClient(config=config) as client:
        with pytest.raises(errors.TemporarilyBannedError):
            client.send_text("15550002222", "hello")
        assert "restricted" in [event.type for event in client.events(0.1)]
    assert durable(config) == []


def test_pairing_says_why_there_is_no_connection(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make(server__url=nobody(), reconnect__auto="false") as client:
            with pytest.raises(errors.Error, match="refused"):
                async for _ in client.pair(wa_phone.number):
                    pass
        async with make(server__url=nobody()) as client:
            steps = client.pair(wa_phone.number)
            trouble = await steps.__anext__()
            assert isinstance(trouble, libwa.Connection)
            assert trouble.text is not None
            assert "refused" in trouble.text
        await link_and_stop(make, wa_phone)
        async with make(server__url=nobody()) as client:
            with pytest.raises(TimeoutError, match="refused"):
                await client.ready(0.2)
            step = await client.pair(wa_phone.number).__anext__()
            assert isinstance(step, libwa.Connection)

    run(test())


def test_what_was_before_connect_ends_nothing(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        with pytest.raises(errors.NotLinkedError):
            await client.ready()
        await scanned(client, wa_phone)
        for _ in range(3):
            client.disconnect()
            with pytest.raises(errors.NotConnectedError, match=r"connect\(\)"):
                await client.ready()
            client.disconnect()
            client.connect()
            assert await client.ready()
        await client.close()

    run(test())


def test_a_wait_ends_when_another_task_disconnects(make: Make, wa_phone: Phone, wa_sim: Simulator) -> None:
    async def test() -> None:
        await link_and_stop(make, wa_phone)
        wa_sim.fault({"point": "out", "tag": "success"}, "drop")
        async with make() as client:
            waiting = asyncio.ensure_future(client.ready())
            await client.wait_for(libwa.Connection)
            client.disconnect()
            with pytest.raises(errors.NotConnectedError):
                await waiting

    run(test())


def test_a_login_whose_event_was_dropped(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        async with make() as client:
            known = await scanned(client, wa_phone)
            # As after many events that nobody took.
            lost = libwa.Overflow(known.id, known.client, 0, known.time, False, 1)
            client._core._states.append(replace(client._core.state, ready=None, lost=lost))
            again = await client.ready()
            assert (again.jid, again.lid, again.phone) == (known.jid, known.lid, known.phone)

    run(test())

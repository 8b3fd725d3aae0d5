"""Taking, acknowledging and waiting for events."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from conftest import linked, run, scanned

import libwa
from libwa import errors, events
from libwa._subscription import Inbox
from libwa.testing import Phone, Simulator

Make = Callable[..., libwa.Client]


def test_what_a_loop_did_not_finish_comes_again(make: Make, wa_sim: Simulator, wa_phone: Phone) -> None:
    async def restrictions(client: libwa.Client, fail: bool) -> list[bool]:
        """Takes the first `restricted`, failing over it if asked to, and tells whether it was redelivered."""
        seen: list[bool] = []
        try:
            async for event in client.events():
                if isinstance(event, libwa.Restricted):
                    seen.append(event.redelivered)
                    if fail:
                        raise LookupError("the handler's own")
                if isinstance(event, libwa.Connection) and event.state == "online":
                    break
        finally:
            await client.close()
        return seen

    async def test() -> None:
        client = make()
        await linked(client, wa_phone)
        await client.close()
        wa_sim.fault({"point": "login"}, {"failure": {"reason": "402", "expire": "1"}})
        client = make()
        client.connect()
        with pytest.raises(LookupError):
            await restrictions(client, fail=True)
        client = make()
        client.connect()
        assert await restrictions(client, fail=False) == [True]
        client = make()
        client.connect()
        assert await restrictions(client, fail=False) == []

    run(test())


def test_a_loop_that_leaves_the_acknowledging_to_others(make: Make, wa_sim: Simulator, wa_phone: Phone) -> None:
    async def restricted(ack: bool) -> bool:
        """Goes on in the loop after the next `restricted`, and tells whether that was redelivered."""
        found: libwa.Restricted | None = None
        async with make() as client:
            async for event in client.events(ack=False):
                if isinstance(event, libwa.Restricted):
                    found = event
                    if ack:
                        event.ack()
                elif found is not None or not event.droppable:
                    break
        assert found is not None
        return found.redelivered

    async def test() -> None:
        async with make() as client:
            await linked(client, wa_phone)
        wa_sim.fault({"point": "login"}, {"failure": {"reason": "402", "expire": "1"}})
        assert await restricted(ack=False) is False
        assert await restricted(ack=True) is True
        async with make() as client:
            await client.ready()
            with pytest.raises(TimeoutError):
                await client.wait_for(libwa.Restricted, timeout=0.1)

    run(test())


def test_each_event_goes_to_one_taker(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        client.connect()
        seen: list[libwa.Event] = []

        async def watch() -> None:
            async for event in client.events():
                seen.append(event)

        watching = asyncio.create_task(watch())
        await linked(client, wa_phone)
        status, ping = await asyncio.gather(client.session.status(), client.server.ping())
        assert status.linked
        assert ping.round_trip >= 0
        await client.close()
        await watching
        kinds = {type(event) for event in seen}
        assert kinds == {libwa.Connection, libwa.Closed}
        assert [event.id for event in seen] == sorted(event.id for event in seen)

    run(test())


def test_waiting_for_one_leaves_the_others(make: Make) -> None:
    async def test() -> None:
        client = make()
        client.connect()
        event = await client.wait_for(libwa.Connection)
        assert event.state == "connecting"
        await client.wait_for((libwa.Connection, libwa.Ready))
        client.disconnect()
        with pytest.raises(TimeoutError):
            await client.wait_for(libwa.Ready, timeout=0.01)
        await client.close()
        rest = [event async for event in client.events()]
        assert isinstance(rest[0], libwa.Connection)
        assert isinstance(rest[-1], libwa.Closed)
        with pytest.raises(errors.ClientClosedError):
            await client.wait_for(libwa.Ready)

    run(test())


def test_ready_is_not_that_of_a_login_that_is_over(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make()
        first = await scanned(client, wa_phone)
        assert await client.ready() == first
        client.disconnect()
        with pytest.raises(errors.NotConnectedError, match=r"connect\(\)"):
            await client.ready()
        client.connect()
        second = await client.ready()
        assert (second.id > first.id, second.first_login) == (True, False)
        await client.close()

    run(test())


def test_calls_that_fail(make: Make) -> None:
    async def test() -> None:
        client = make()
        with pytest.raises(errors.UnknownMethodError) as unknown:
            await client.call("no.method")
        assert "session.status" in str(unknown.value)
        with pytest.raises(errors.InvalidParameterError) as wrong:
            await client.call("session.status", colour="blue")
        assert wrong.value.key == "colour"
        with pytest.raises(errors.NotConnectedError) as offline:
            await client.server.ping()
        assert offline.value.event is not None
        with pytest.raises(errors.InvalidArgumentError, match="NUL"):
            await client.call("session.status\0")
        await client.close()
        with pytest.raises(errors.ClientClosedError):
            await client.session.status()
        with pytest.raises(errors.ClientClosedError):
            client.connect()
        await client.close()

    run(test())


def test_a_call_that_nobody_waits_for_is_cancelled(make: Make, wa_sim: Simulator) -> None:
    async def test() -> None:
        wa_sim.fault({"point": "client_hello"}, "silence", times=0)
        async with make() as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.pair("+15550001234").__anext__(), 0.2)
            answer = await client.wait_for(libwa.Result)
            assert isinstance(answer.error, errors.CancelledError)

    run(test())


def test_configuration() -> None:
    with pytest.raises(errors.UnknownKeyError) as unknown:
        libwa.Client(config={"store.uri": "memory:"})
    assert "store.uri" in str(unknown.value)
    with pytest.raises(errors.BadValueError):
        libwa.Client("postgres:here")
    with pytest.raises(errors.StoreNotFoundError):
        libwa.Client("sqlite:/no/such/folder/session.db")

    async def test() -> None:
        client = libwa.Client("memory:", session="one", config={"pairing.auto_refresh": True, "queue.capacity": 64})
        assert (await client.session.list()).sessions == []
        await client.close()

    run(test())


def test_secrets_are_not_shown() -> None:
    now = datetime.now(timezone.utc)
    code = events.PairingCode(1, 1, 1, now, False, "ABCDEFGH", "ABCD-EFGH", now, 180.0, False, 1)
    assert "ABCD" not in repr(code)
    with pytest.raises(dataclasses.FrozenInstanceError):
        code.code = "X"  # type: ignore[misc]
    qr = events.PairingQr(1, 1, 1, now, False, "payload", now, 60.0, 1, 6, False)
    with pytest.raises(ValueError, match="made by hand"):
        qr.png()


def put(inbox: Inbox, event: libwa.Event) -> None:
    """Brings an event to an inbox."""
    inbox.receive(event, [(event.id, event)])


def test_what_nobody_takes_is_bounded() -> None:
    now = datetime.now(timezone.utc)
    inbox = Inbox(2)
    put(inbox, events.PairingCode(1, 9, 1, now, False, "", "", now, 180.0, False, 1))
    for number in range(2, 7):
        put(inbox, events.Log(number, 9, 0, now, False, "info", "", str(number)))
    lost = inbox.pop()
    assert lost == events.Overflow(2, 9, 0, now, False, 3)
    rest = [inbox.pop() for _ in range(4)]
    assert [event and event.id for event in rest] == [1, 5, 6, None]
    assert inbox.pop() is None


def test_bounded_events_have_their_own_bound() -> None:
    now = datetime.now(timezone.utc)
    inbox = Inbox(3)
    called = libwa.Call

    def call(number: int) -> libwa.Call:
        event = called.__new__(called)
        event.__dict__.update(id=number, client=9, request=0, time=now, redelivered=False)
        return event

    def log(number: int) -> libwa.Log:
        return events.Log(number, 9, 0, now, False, "info", "", str(number))

    # No line of the log takes the place of a call.
    for number in range(1, 4):
        put(inbox, call(number))
    for number in range(4, 14):
        put(inbox, log(number))
    lost = inbox.pop()
    assert isinstance(lost, events.Overflow) and lost.count == 7
    assert [event.id for event in inbox.events()] == [1, 2, 3, 11, 12, 13]
    # Calls that anybody can make have an end, and take no other's place.
    assert inbox.find(lambda event: event.id == 2) is not None
    for number in range(14, 20):
        put(inbox, call(number))
    lost = inbox.pop()
    assert isinstance(lost, events.Overflow) and lost.count == 5
    assert [event.id for event in inbox.events()] == [11, 12, 13, 17, 18, 19]
    kinds = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, libwa.Event)]
    bounded = {kind for kind in kinds if kind.bounded}
    assert bounded == {libwa.Call, libwa.GroupUpdate, libwa.IdentityChanged}
    assert all(kind.droppable for kind in bounded)


def test_one_loop_at_a_time(make: Make) -> None:
    client = make()
    asyncio.run(_status(client))
    # The first loop is closed, so another one may have the client.
    asyncio.run(_status(client))

    async def test() -> None:
        other = asyncio.new_event_loop()
        waiting = asyncio.ensure_future(client.wait_for(libwa.Ready))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another event loop"):
            await asyncio.to_thread(other.run_until_complete, client.wait_for(libwa.Ready))
        other.close()
        waiting.cancel()
        await client.close()

    run(test())


async def _status(client: libwa.Client) -> None:
    await client.session.status()

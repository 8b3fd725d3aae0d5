"""Many clients, and hosts that do not listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from conftest import linked, run, scanned

import libwa
from libwa.testing import Phone, Simulator

Make = Callable[..., libwa.Client]


def test_a_hundred_clients_are_linked(make: Make, wa_sim: Simulator) -> None:
    async def one(number: int) -> str:
        phone = wa_sim.phone(f"+1555100{number:04}")
        client = make(session__id=phone.number)
        try:
            # By QR code: a pairing code costs a hash that is slow on purpose.
            return (await (scanned if number % 10 else linked)(client, phone)).jid
        finally:
            await client.close()

    async def test() -> None:
        jids = await asyncio.gather(*(one(number) for number in range(100)))
        assert jids == [f"1555100{number:04}:1@s.whatsapp.net" for number in range(100)]
        client = make()
        assert len((await client.session.list()).sessions) == 100
        await client.close()

    run(test())


def test_a_program_that_does_not_listen_for_a_while(make: Make, wa_phone: Phone) -> None:
    async def test() -> None:
        client = make(log__level="trace", queue__capacity="8")
        await scanned(client, wa_phone)
        for _ in range(50):
            client.disconnect()
            client.connect()
            await asyncio.sleep(0.01)
        assert (await client.session.status()).linked
        await client.close()
        seen = [event async for event in client.events()]
        lost = sum(event.count for event in seen if isinstance(event, libwa.Overflow))
        assert lost > 0
        assert sum(event.droppable for event in seen) <= 2 * 8
        assert isinstance(seen[-1], libwa.Closed)

    run(test())

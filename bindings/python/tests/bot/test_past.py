"""What an earlier run left in the store ends no later one; what is the case now ends it with its status, and never hangs it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from bots import FIXED_VERSION, a_bot, until
from conftest import connection_of, run
from test_bot_events import Ear

import libwa
from libwa import events
from libwa.bot import Bot, ExitCode, Retry
from libwa.bot.testing import BotTester


async def not_acknowledged(t: BotTester, kind: type[events.Event]) -> None:
    """Another run, which is told of something and ends without having dealt with it."""
    config = {**t.simulator.config, "reconnect.base_ms": "20"}
    async with libwa.Client(t.bot.config.session_file, session=t.bot.config.session_id, config=config) as client:
        await client.wait_for(kind, 150)


def test_a_logout_of_an_earlier_run() -> None:
    bot = a_bot()
    ear = Ear(bot, "logout", "pairing.code", "ready")

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            await asyncio.to_thread(t.phone.unlink)
            await not_acknowledged(t, events.LoggedOut)
            for _ in range(2):
                # It links anew by itself, and tells once of what was.
                await t.start()
                await until(lambda: ear.of("logout"))
                await bot.stop()
            assert len((await asyncio.to_thread(t.phone.settled))["companions"]) == 1
            assert [logout.reason for logout in ear.of("logout")] == ["by_phone"]
            assert len(ear.of("pairing.code")) == 2

    run(test())


@pytest.mark.parametrize("code", ["402", "405", "403"])
def test_a_restriction_of_an_earlier_run(code: str) -> None:
    bot = a_bot()
    ear = Ear(bot, "restricted", "ready")

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            failure = {"reason": code, **({"code": "101", "expire": "3600"} if code == "402" else {})}
            t.simulator.fault({"point": "login"}, {"failure": failure})
            await not_acknowledged(t, events.Restricted if code != "403" else events.LoggedOut)
            for _ in range(2):
                await t.start()
                await bot.stop()
            if code != "403":
                await until(lambda: ear.of("restricted"))
                assert len(ear.of("restricted")) == 1
            assert len(ear.of("ready")) == 3
            assert (await asyncio.to_thread(t.phone.settled))["companions"]

    run(test())


REPLACED: dict[str, Any] = {"conflict": "replaced"}

ENDS: list[tuple[dict[str, Any], ExitCode]] = [
    ({"failure": {"reason": "402", "code": "101", "expire": "3600"}}, ExitCode.RESTRICTED),
    ({"failure": {"reason": "405"}}, ExitCode.OUTDATED),
    ({"failure": {"reason": "401"}}, ExitCode.LOGGED_OUT),
    ({"stream_error": REPLACED}, ExitCode.REPLACED),
]


@pytest.mark.parametrize(("fault", "code"), ENDS)
def test_what_ends_a_bot_that_is_linked(fault: dict[str, Any], code: ExitCode) -> None:
    bot = a_bot(config=FIXED_VERSION)
    ear = Ear(bot, "disconnected")

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            ear.heard.clear()
            t.simulator.fault({"point": "login"}, fault)
            await bot.start()
            assert await bot.wait() is code
            t.simulator.clear_faults()
            assert len(ear.heard) <= 1
            # The cause is gone: the next start goes on, or links anew.
            await t.start()

    run(test())


@pytest.mark.parametrize(("fault", "code"), [each for each in ENDS if "401" not in str(each[0])])
def test_what_ends_a_bot_that_is_not_linked(fault: dict[str, Any], code: ExitCode) -> None:
    bot = a_bot(retry=Retry(max=0), config=FIXED_VERSION)

    async def test() -> None:
        tester = BotTester(bot, linked=False)
        tester.simulator.fault({"point": "register"}, fault, times=0)
        try:
            async with tester:
                assert await bot.wait() is code
        finally:
            tester.simulator.clear_faults()

    run(test())


def test_a_version_that_is_refused_is_replaced_and_one_more_refusal_is_about_the_account() -> None:
    bot = a_bot()
    ear = Ear(bot, "restricted", "ready", "disconnected")

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            ear.heard.clear()
            outdated = {"failure": {"reason": "405"}}
            t.simulator.fault({"point": "login", "number": t.number}, outdated)
            await t.start()
            await until(lambda: ear.of("ready"))
            assert not ear.of("restricted") and not ear.of("disconnected")
            await bot.stop()
            t.simulator.fault({"point": "login", "number": t.number}, outdated)
            await bot.start()
            assert await bot.wait() is ExitCode.RESTRICTED
            assert [restricted.kind for restricted in ear.of("restricted")] == ["version_refused"]

    run(test())


def test_a_connection_that_is_not_made_again_ends_the_bot() -> None:
    bot: Bot = a_bot(config={"reconnect.auto": False})

    async def test() -> None:
        async with BotTester(bot) as t:
            number = await asyncio.to_thread(connection_of, t.simulator, t.number)
            await asyncio.to_thread(t.simulator.connection, number, "close")
            assert await bot.wait() is ExitCode.FAILED

    run(test())

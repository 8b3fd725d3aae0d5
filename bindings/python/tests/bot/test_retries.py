"""How often a bot asks for a code before it gives up: by codes, and not by what came to nothing for other reasons."""

from __future__ import annotations

import asyncio

from bots import a_bot, until
from conftest import run
from test_bot_events import Ear

from libwa.bot import ExitCode, Retry
from libwa.bot.testing import BotTester


def test_what_the_librarys_ration_puts_off_is_no_code() -> None:
    limits = {"pairing.limit_burst": 1, "pairing.limit_interval_ms": 5000}
    bot = a_bot(code_expiry=4, code_reminder=0, retry=Retry(max=2, delay=0), config=limits)
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            assert await t.bot.wait() is ExitCode.PAIRING_EXPIRED
        assert [code.attempt for code in ear.of("pairing.code")] == [1, 2, 3]
        assert [event.retry_in for event in ear.of("pairing.expired")] == [0, 0, None]
        assert {event.kind for event in ear.of("pairing.error")} <= {"throttled"}

    run(test())


def test_codes_that_the_library_asks_for_by_itself_count() -> None:
    bot = a_bot(code_expiry=4, code_reminder=0, retry=Retry(max=1, delay=0), config={"pairing.auto_refresh": True})
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            assert await t.bot.wait() is ExitCode.PAIRING_EXPIRED
        assert [code.attempt for code in ear.of("pairing.code")] == [1, 2]
        assert [event.retry_in for event in ear.of("pairing.expired")] == [0, None]

    run(test())


def test_what_whatsapp_does_not_answer_counts() -> None:
    bot = a_bot(retry=Retry(max=2, delay=0), config={"pairing.hello_timeout_ms": 100, "pairing.limit_burst": 9})
    ear = Ear(bot)

    async def test() -> None:
        tester = BotTester(bot, linked=False)
        tester.simulator.fault({"stage": "companion_hello"}, "drop", times=0)
        try:
            async with tester as t:
                assert await t.bot.wait() is ExitCode.FAILED
        finally:
            tester.simulator.clear_faults()
        assert [(event.kind, event.retry_in) for event in ear.of("pairing.error")] == [
            ("request_timeout", 0),
            ("request_timeout", 0),
            ("request_timeout", None),
        ]

    run(test())


def test_a_network_that_is_not_there_yet_is_waited_for() -> None:
    bot = a_bot(retry=Retry(max=0, delay=0.01, longest=60), config={"pairing.refs_timeout_ms": 2000, "connect.timeout_ms": 2000})
    ear = Ear(bot)

    async def test() -> None:
        tester = BotTester(bot, linked=False)
        tester.simulator.fault({"point": "accept"}, "close", times=0)
        try:
            async with tester as t:
                await until(lambda: ear.of("pairing.error"))
                tester.simulator.clear_faults()
                await until(lambda: ear.of("pairing.code"))
                [code] = ear.of("pairing.code")
                assert code.attempt == 1
                assert {event.kind for event in ear.of("pairing.error")} == {"not_connected"}
                assert (await asyncio.to_thread(t.phone.enter, code.code)).linked
                await bot.ready()
        finally:
            tester.simulator.clear_faults()

    run(test())


def test_series_of_qr_codes_count() -> None:
    shown = {"pairing.qr_first_ms": 100, "pairing.qr_next_ms": 100}
    bot = a_bot(login_method="qr", phone_number=None, retry=Retry(max=1, delay=0), config=shown)
    ear = Ear(bot)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            assert await t.bot.wait() is ExitCode.PAIRING_EXPIRED
        assert [code.index for code in ear.of("pairing.qr")].count(1) == 2
        assert [event.retry_in for event in ear.of("pairing.expired")] == [0, None]

    run(test())

"""A handler at work when the library comes to its end: what it was called for is not acknowledged, and comes again."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import Any

import pytest
from bots import FIXED_VERSION, a_bot, until
from conftest import connection_of, run
from programs import Program, Somebody, environment

import libwa
from libwa import errors
from libwa.bot import Bot, ExitCode, F, Failure, Message
from libwa.bot.ending import comes_of_the_end
from libwa.bot.testing import BotTester
from libwa.testing import Simulator

NUMBER = "15551234567"

CONFLICT: dict[str, Any] = {"tag": "stream:error", "attrs": {}, "children": [{"tag": "conflict", "attrs": {"type": "replaced"}}]}
OUTDATED = {"tag": "failure", "attrs": {"reason": "405"}}
BANNED = {"tag": "failure", "attrs": {"reason": "402", "code": "101", "expire": "3600"}}


def plainly(bot: Bot, work: Any) -> None:
    @bot.message()
    async def handle(message: Message) -> None:
        await work(message)


def as_a_listener(bot: Bot, work: Any) -> None:
    @bot.on("message")
    async def handle(message: Message) -> None:
        await work(message)


def as_a_command(bot: Bot, work: Any) -> None:
    @bot.command("slow")
    async def handle(message: Message) -> None:
        await work(message)


def in_a_plain_function(bot: Bot, work: Any) -> None:
    @bot.message()
    def handle(message: Message) -> None:
        message.answer("first")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]

    # What plain functions send goes out behind them; a middleware has them wait.
    @bot.middleware
    async def wait(message: Message, next: Any) -> None:
        await work(message, silent=True)
        await next(message)


@pytest.mark.parametrize(
    ("stanza", "code", "register", "wrapped"),
    [
        (CONFLICT, ExitCode.REPLACED, plainly, False),
        (CONFLICT, ExitCode.REPLACED, plainly, True),
        (CONFLICT, ExitCode.REPLACED, as_a_listener, False),
        (CONFLICT, ExitCode.REPLACED, as_a_command, False),
        (CONFLICT, ExitCode.REPLACED, in_a_plain_function, False),
        (OUTDATED, ExitCode.OUTDATED, plainly, False),
        (BANNED, ExitCode.RESTRICTED, plainly, False),
    ],
)
def test_a_message_whose_handler_works_when_the_connection_is_given_up(
    stanza: dict[str, Any], code: ExitCode, register: Any, wrapped: bool
) -> None:
    bot = a_bot(config=FIXED_VERSION)
    begun: list[bool] = []
    given_up = asyncio.Event()

    async def work(message: Message, silent: bool = False) -> None:
        begun.append(message.redelivered)
        if not message.redelivered:
            await given_up.wait()
        if silent:
            return
        try:
            await message.answer("first")
        except libwa.Error as error:
            if not wrapped:
                raise
            raise RuntimeError("cannot answer") from error

    register(bot, work)

    @bot.on("disconnected")
    async def over(_: object) -> None:
        given_up.set()

    heard: list[Failure] = []
    bot.error(heard.append)

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("/slow")
            await until(lambda: begun)
            number = await asyncio.to_thread(connection_of, t.simulator, t.number)
            await t.control("POST", f"/connections/{number}/send", {"stanza": stanza})
            assert await bot.wait() is code
            await t.start()
            assert (await t.reply()).text == "first"
            await bot.stop()
            assert begun == [False, True]
            assert heard == []
            # It was dealt with at last, and does not come a third time.
            await t.start()
            await t.send("/slow")
            assert (await t.reply()).text == "first"
            assert begun[:3] == [False, True, False]

    run(test())


def test_a_message_whose_handler_works_when_the_client_is_closed() -> None:
    bot = a_bot()
    begun: list[bool] = []

    @bot.message()
    async def handle(message: Message) -> None:
        begun.append(message.redelivered)
        if not message.redelivered:
            await bot.client.close()
        await message.answer("here")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("hello")
            await until(lambda: begun)
            await bot.stop()
            await t.start()
            assert (await t.reply()).text == "here"
            assert begun == [False, True]

    run(test())


def test_a_failure_of_the_handlers_own_acknowledges() -> None:
    bot = a_bot()
    begun: list[str] = []
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.message(F.text == "bad")
    async def bad(message: Message) -> None:
        begun.append("bad")
        await bot.send("no number at all", "text")

    @bot.message(F.text == "worse")
    async def worse(message: Message) -> None:
        begun.append("worse")
        raise LookupError("mine")

    @bot.message()
    async def rest(message: Message) -> None:
        begun.append(str(message.text))

    async def test() -> None:
        tester = BotTester(bot)
        async with tester as t:
            for text in ("bad", "worse"):
                await t.send(text)
            await until(lambda: len(heard) == 2)
            t.failures.clear()
            await bot.stop()
            await t.start()
            await t.send("last")
            await until(lambda: "last" in begun)
            assert begun == ["bad", "worse", "last"]
            assert {type(failure.error) for failure in heard} == {errors.InvalidJidError, LookupError}

    run(test())


FULL = """
import asyncio, os
from libwa.bot import Bot
bot = Bot()

@bot.on("disconnected")
async def over(_):
    print("GIVEN UP")

@bot.message()
async def handle(message):
    print("HANDLER", message.text, message.redelivered)
    if message.text == "first" and not message.redelivered:
        while not os.path.exists("room"):
            await asyncio.sleep(0.01)
    await message.answer("answer to " + message.text)

bot.run()
"""


def test_messages_while_the_store_cannot_grow(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    ada, bob = (Somebody(wa_sim, f"1555000900{n}", NUMBER) for n in (1, 2))
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", FULL], tmp_path, env) as bot:
        assert bot.link(phone).linked
        ada.send("first")
        bot.expect("HANDLER first False")
        resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        bob.send("second")
        bot.expect("GIVEN UP")
        # There is room again before the handler is through, so that an acknowledgement would be kept.
        resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        (tmp_path / "room").touch()
        assert bot.wait() == ExitCode.STORE
    assert "the handling of" in bot.errors
    assert "comes again at the next start" in bot.errors
    with Program(["-c", FULL], tmp_path, env) as bot:
        assert ada.heard(1) == ["answer to first"]
        assert bob.heard(1) == ["answer to second"]
        bot.expect("HANDLER first True")
        assert bot.stop() == 0


def test_which_failures_come_of_the_end(config: dict[str, str]) -> None:
    async def test() -> None:
        async with libwa.Client(config=config) as client:
            for error in (errors.StoreFullError(), errors.StoreError(), errors.StoreReadOnlyError(), errors.ClientClosedError()):
                assert await comes_of_the_end(error, client)
                outer = KeyError("outer")
                outer.__context__ = error
                assert await comes_of_the_end(outer, client)
            for own in (errors.UnknownSessionError(), errors.InvalidJidError(), errors.StoreLockedError(), ValueError("mine")):
                assert not await comes_of_the_end(own, client)
        assert await comes_of_the_end(errors.CancelledError(), client)
        assert not await comes_of_the_end(ValueError("mine"), client)

    run(test())

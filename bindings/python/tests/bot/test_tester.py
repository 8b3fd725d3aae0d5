"""`BotTester` itself: that nothing escapes it."""

from __future__ import annotations

import asyncio

import pytest
from bots import a_bot
from conftest import run

from libwa.bot import Message
from libwa.bot.testing import BotTester


def test_a_reply_that_is_on_its_way_is_no_silence() -> None:
    bot = a_bot()
    done = asyncio.Event()

    @bot.message()
    async def answer(message: Message) -> None:
        await message.answer(f"no, {message.text}")
        done.set()

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            for _ in range(20):
                await ada.send("hush")
                await done.wait()
                done.clear()
                with pytest.raises(AssertionError, match="wrote 'no, hush'"):
                    await ada.no_reply(within=0)
                assert (await ada.reply()).text == "no, hush"
            await ada.no_reply(within=0)

    run(test())

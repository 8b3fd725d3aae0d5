"""For how long a bot's waits may go on, and those of its tests."""

from __future__ import annotations

import pytest
from bots import a_bot
from conftest import NO_LIMITS, run

from libwa import errors
from libwa.bot import Message
from libwa.bot.testing import BotTester, Person


def test_timeouts_of_bots() -> None:
    bot = a_bot()
    refused: list[str | None] = []

    @bot.message()
    async def ask(message: Message) -> None:
        for timeout in NO_LIMITS:
            try:
                await message.wait_reply(timeout=timeout)
            except errors.InvalidArgumentError as error:
                refused.append(error.key)
        reply = await message.wait_reply(timeout=float("inf"))
        await message.answer(f"heard {reply.text}")

    async def test() -> None:
        for timeout in NO_LIMITS:
            with pytest.raises(errors.InvalidArgumentError, match="timeout"):
                await bot.ready(timeout)
        async with BotTester(bot) as t:
            ada = await t.user()
            assert await bot.ready(float("inf"))
            for timeout in NO_LIMITS:
                for event in ("message", "restricted"):
                    with pytest.raises(errors.InvalidArgumentError, match="timeout"):
                        await bot.wait_for(event, timeout=timeout)
                with pytest.raises(errors.InvalidArgumentError, match="timeout"):
                    await ada.reply(timeout=timeout)
                with pytest.raises(errors.InvalidArgumentError, match="within"):
                    await ada.no_reply(within=timeout)
            with pytest.raises(errors.InvalidArgumentError, match="within"):
                await ada.no_reply(within=float("inf"))
            await heard_after(ada)

    async def heard_after(ada: Person) -> None:
        await ada.send("first")
        await ada.send("second")
        assert (await ada.reply(timeout=float("inf"))).text == "heard second"
        assert refused == ["timeout"] * len(NO_LIMITS)

    run(test())

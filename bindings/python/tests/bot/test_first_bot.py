"""The framework's first program, as its page shows it."""

from __future__ import annotations

import pytest
from conftest import output_of, run, script

from libwa.bot import Bot, F, Message, PairingCode, User
from libwa.bot.testing import BotTester


def test_the_first_bot(capsys: pytest.CaptureFixture[str]) -> None:
    bot = Bot(login_method="pairing", phone_number="628123456789", session_id="pairing-session")
    shown: list[PairingCode] = []

    @bot.on("pairing.code")
    async def show(pairing: PairingCode) -> None:
        shown.append(pairing)

    @bot.on("ready")
    async def ready(user: User) -> None:
        print("Connected!", user.name)

    @bot.message(F.text == "ping")
    async def ping(message: Message) -> None:
        await message.reply("pong")

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("ping")
            assert (await t.reply()).text == "pong"
            await t.send("something else")
            await t.no_reply()

    run(test())
    assert capsys.readouterr().out == "Connected! Bot\n"
    [code] = shown
    assert len(code.code) == 8
    assert code.display == f"{code.code[:4]}-{code.code[4:]}"
    assert code.steps[-1] == "Enter the code"
    assert 0 < code.expires_in <= 180


def test_whoever_wants_no_bot_imports_none() -> None:
    source = """
print([name for name in sys.modules if name.startswith("libwa.bot")])
import libwa.bot
print("libwa.testing" in sys.modules, "libwa.bot.testing" in sys.modules)
"""
    assert output_of(script(source)) == "[]\nFalse False\n"

"""A bot that is killed in the middle of its work, and started again."""

from __future__ import annotations

from pathlib import Path

from programs import Program, Somebody, environment

from libwa.testing import Simulator

NUMBER = "15551234567"

SOURCE = """
import asyncio, os
from libwa.bot import Bot

bot = Bot()

@bot.message()
async def handle(message):
    print(message.text, message.redelivered)
    if message.text == "hang before" and "HANG" in os.environ:
        await asyncio.sleep(1000)
    await message.answer("answer to " + message.text)
    if message.text == "hang after" and "HANG" in os.environ:
        print("answered")
        await asyncio.sleep(1000)

bot.run()
"""


def test_every_message_is_answered_once(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    bob = Somebody(wa_sim, "15550009002", NUMBER)
    cleo = Somebody(wa_sim, "15550009003", NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", SOURCE], tmp_path, {**env, "HANG": "1"}) as bot:
        assert bot.link(phone).linked
        ada.send("hang before")
        ada.send("in line")
        bot.expect("hang before False")
        bob.send("hang after")
        bot.expect("answered")
        cleo.send("done")
        assert cleo.heard(1) == ["answer to done"]
        # Its handler is through before that of the next one begins, whose answer is written down together with it.
        cleo.send("just now")
        assert cleo.heard(2) == ["answer to done", "answer to just now"]
        bot.kill()
    assert ada.heard(0) == []
    assert bob.heard(1) == ["answer to hang after"]
    ada.send("while it was dead")
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        # What had not come to its end comes again, and says so; in order, and before what is new.
        assert ada.heard(3) == ["answer to hang before", "answer to in line", "answer to while it was dead"]
        bot.expect("hang before True\n")
        bot.expect("in line True\n")
        bot.expect("while it was dead False\n")
        # Its handler ran again, and what it sent was sent before: Bob gets nothing twice.
        bot.expect("hang after True\n")
        bob.send("more")
        assert bob.heard(2) == ["answer to hang after", "answer to more"]
        # What was dealt with does not come again.
        cleo.send("more")
        assert cleo.heard(3) == ["answer to done", "answer to just now", "answer to more"]
        assert "done" not in bot.output
        assert bot.stop() == 0
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        bot.expect("Connected as")
        ada.send("last")
        assert ada.heard(4)[3:] == ["answer to last"]
        assert "True" not in bot.output

"""What a bot says to the person in front of it when it has no connection, no account, or the wrong one."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import re
import socket
from pathlib import Path

import pytest
from bots import a_bot, until
from conftest import run
from programs import Program, environment
from test_bot_events import Ear

from libwa import errors
from libwa.bot import Bot, ExitCode
from libwa.bot.login_display import PlainScreen, TerminalScreen
from libwa.bot.testing import BotTester
from libwa.terminal import again_in
from libwa.testing import Simulator

NUMBER = "15551234567"
SOURCE = """
from libwa.bot import Bot
bot = Bot()

@bot.on("reconnecting")
async def again(event):
    print("AGAIN", event.attempt)

bot.run()
"""


def test_a_bot_without_a_network_says_so_once_for_each_cause(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    for linked in (False, True):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = f"ws://127.0.0.1:{taken.getsockname()[1]}/ws/chat"
            with Program(["-c", SOURCE], tmp_path, {**env, "LIBWA_SERVER_URL": nobody}) as bot:
                bot.expect(r"(?s)AGAIN \d.*AGAIN \d.*AGAIN \d")
                assert bot.stop() == 0
        assert len(re.findall(r"Not connected: .*refused.*\. Trying again", bot.output)) == 1
        assert len(re.findall(r"Not connected: .*refused", bot.errors)) == 1
        with Program(["-c", SOURCE], tmp_path, env) as bot:
            if not linked:
                assert bot.link(phone).linked
            bot.expect("Connected as")
            assert bot.stop() == 0
        assert "Not connected" not in bot.output


def test_a_bot_says_that_it_is_online_again(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        wa_sim.fault({"point": "accept"}, "close", times=2)
        for connection in wa_sim.wait_connections(lambda all_of_them: any(each["stage"] == "device" for each in all_of_them)):
            wa_sim.connection(connection["id"], "cut")
        bot.expect(r"(?s)Connected as.*Not connected: .*Connected as")
        assert bot.stop() == 0


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_it_is_shown() -> None:
    plain, terminal = io.StringIO(), Tty()
    PlainScreen(plain).trouble("Not connected: no network. Trying again in 1 second.")
    assert plain.getvalue() == "Not connected: no network. Trying again in 1 second.\n"
    TerminalScreen(terminal).trouble("Not connected: no network.")
    assert "Not connected: no network." in terminal.getvalue()
    assert [again_in(seconds) for seconds in (None, 0.02, 1.2, 2)] == [
        "Trying again.",
        "Trying again.",
        "Trying again in 1 second.",
        "Trying again in 2 seconds.",
    ]


def test_a_session_of_another_number(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        assert bot.stop() == 0
    with Program(["-c", SOURCE], tmp_path, {**env, "PHONE_NUMBER": "15550009999"}) as bot:
        assert bot.wait() == ExitCode.USAGE
    assert "the session is linked to +…67, and not to +…99" in bot.errors
    assert NUMBER not in bot.errors
    assert "Traceback" not in bot.errors
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        bot.expect("Connected as")
        assert bot.stop() == 0


def test_a_session_of_another_number_raises() -> None:
    bot = a_bot()

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            other: Bot = a_bot(phone_number="15550009999")
            other._options = dataclasses.replace(bot.config, phone_number="15550009999")
            with pytest.raises(errors.AlreadyLinkedError, match=t.number):
                await other.start()
            await t.start()

    run(test())


@pytest.mark.parametrize("code", ["403", "406"])
def test_an_account_that_is_locked_or_banned(
    code: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bot = a_bot()
    ear = Ear(bot, "logout", "ready")

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            t.simulator.fault({"point": "login"}, {"failure": {"reason": code}})
            await bot.start()
            assert await bot.wait() is ExitCode.RESTRICTED
            [logout] = ear.of("logout")
            assert logout.message in caplog.text
            caplog.clear()
            # The next start says why it asks for a code, and the one after that does not.
            await t.start()
            await until(lambda: len(ear.of("logout")) == 2)
            assert f"the session is linked again, since an earlier run was told: {logout.message}" in caplog.text
            await bot.stop()
            caplog.clear()
            await t.start()
            await bot.stop()
            assert "linked again" not in caplog.text
            assert len(ear.of("logout")) == 2

    run(test())


def test_run_within_a_loop_says_what_to_use() -> None:
    bot = a_bot()

    async def main() -> None:
        bot.run()

    with pytest.raises(RuntimeError, match="async with bot"):
        asyncio.run(main())

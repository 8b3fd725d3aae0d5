"""What must never be in a log: codes, QR codes, numbers, texts and keys."""

from __future__ import annotations

import asyncio
import logging
import stat
from pathlib import Path

import pytest
from bots import a_bot, until
from conftest import connection_of, run
from programs import Program, environment

from libwa.bot import ExitCode, F, Message, Retry
from libwa.bot.phone import masked
from libwa.bot.testing import BotTester
from libwa.testing import Simulator


@pytest.mark.parametrize("method", ["pairing", "qr"])
def test_no_log_tells_a_secret(method: str, caplog: pytest.LogCaptureFixture) -> None:
    bot = a_bot(login_method=method, log_level="debug")
    secrets: list[str] = ["a very private text", "a very private answer"]

    @bot.message(F.text == "a very private text")
    async def answer(message: Message) -> None:
        await message.reply("a very private answer")

    @bot.message()
    async def fail(message: Message) -> None:
        raise LookupError(message.sender, message.sender_phone)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            ada = await t.user()
            secrets.extend([t.number, ada.number])
            if method == "pairing":
                code = await bot.wait_for("pairing.code", timeout=150)
                secrets.extend([code.code, code.display])
                await asyncio.to_thread(t.phone.enter, code.code)
            else:
                qr = await bot.wait_for("pairing.qr", timeout=150)
                secrets.extend(part for part in qr.payload.split(",") if len(part) > 8)
                await asyncio.to_thread(t.phone.scan, qr.payload)
            secrets.append((await bot.ready(150)).jid)
            t.bot._failures.handlers.clear()
            await ada.send("a very private text")
            await ada.reply()
            await ada.send("fail")
            await until(lambda: "LookupError" in caplog.text)
            number = await asyncio.to_thread(connection_of, t.simulator, t.number)
            await asyncio.to_thread(t.simulator.connection, number, "close")
            await bot.wait_for("ready", timeout=150)

    with caplog.at_level(logging.DEBUG):
        run(test())
    logged = "\n".join([caplog.text, *(repr(record.args) for record in caplog.records)])
    # It was written at all: the library's lines and the bot's.
    assert "connection: online" in logged
    assert len([record for record in caplog.records if record.name == "libwa.bot"]) > 10
    assert [secret for secret in secrets if secret in logged] == []


def test_no_exit_tells_a_secret(wa_sim: Simulator, tmp_path: Path) -> None:
    number = "15551234567"
    wa_sim.phone(number, refuse_code={"code": 429, "backoff": 60})
    source = "from libwa.bot import Bot, Retry; Bot(retry=Retry(longest=1), log_level='debug').run()"
    with Program(["-c", source], tmp_path, environment(wa_sim, tmp_path, PHONE_NUMBER=number)) as bot:
        assert bot.wait() == ExitCode.RATE_LIMITED
    assert "stopping (RATE_LIMITED, exit status 12): Too many attempts." in bot.errors
    assert "Try again in" in bot.errors
    assert number not in bot.errors + bot.output


def test_sessions_are_nobody_elses(tmp_path: Path) -> None:
    bot = a_bot(session_dir=tmp_path / "deep" / "sessions", retry=Retry(max=0), config={"server.url": "ws://127.0.0.1:1"})

    async def test() -> None:
        await bot.start()
        await bot.stop()

    run(test())
    folder = tmp_path / "deep" / "sessions"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_only_phone_numbers_are_masked() -> None:
    assert masked("sent 15551234567 to 15557654321@s.whatsapp.net") == "sent …67 to …21@s.whatsapp.net"
    assert masked("chat_id=15551234567, from 15551234567 to 15557654321") == "chat_id=…67, from …67 to …21"
    for text in (
        'queue.capacity: "7" is not allowed; it takes a whole number from 8 to 1000000',
        "keepalive.min_ms: a whole number from 100 to 3600000",
        "at most 1048576 bytes are taken",
        "retry_after_ms=3600000",
        "<Task at 0x7f1234567890>",
    ):
        assert masked(text) == text

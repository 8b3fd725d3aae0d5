"""Starting, stopping, and what runs beside the handlers."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from bots import a_bot, until
from conftest import linked, run

import libwa
from libwa import errors
from libwa.bot import ExitCode, F, Failure, Message, PairingError
from libwa.bot.__main__ import main
from libwa.bot.testing import BotTester
from libwa.testing import Phone, Simulator


def test_hooks_and_tasks_of_a_life() -> None:
    bot = a_bot(stop_timeout=0.05)
    order: list[str] = []
    ticks: list[int] = []
    heard: list[Failure] = []
    bot.error(heard.append)

    @bot.startup
    async def begin() -> None:
        order.append("startup")

    @bot.on("ready")
    async def ready(_: object) -> None:
        order.append("ready")

    @bot.shutdown
    def end() -> None:
        order.append("shutdown")

    @bot.shutdown
    async def end_badly() -> None:
        # The client is still there.
        assert (await bot.client.session.status()).state == "online"
        raise KeyError("while shutting down")

    @bot.every(0.01)
    async def tick() -> None:
        ticks.append(len(ticks))
        if len(ticks) == 2:
            raise LookupError("once")

    @bot.message(F.text == "background")
    async def background(message: Message) -> None:
        async def forever() -> None:
            try:
                await asyncio.sleep(1000)
            finally:
                order.append("cancelled")

        async def failing() -> None:
            raise ZeroDivisionError

        async def giving() -> int:
            return 42

        bot.create_task(forever())
        bot.create_task(failing())
        assert await bot.create_task(giving()) == 42
        await message.answer("begun")

    async def test() -> None:
        with pytest.raises(errors.ClientClosedError):
            await bot.wait()
        async with BotTester(bot) as t:
            await t.send("background")
            assert (await t.reply()).text == "begun"
            await until(lambda: len(ticks) > 4)
            with pytest.raises(RuntimeError, match="runs already"):
                await bot.start()
            await t.bot.stop()
            await t.bot.stop()
            assert await bot.wait() is ExitCode.STOPPED
            assert order == ["startup", "ready", "cancelled", "shutdown"]
            count = len(ticks)
            await asyncio.sleep(0.03)
            assert len(ticks) == count
            assert {type(failure.error) for failure in heard} == {LookupError, ZeroDivisionError, KeyError}
            assert {failure.where for failure in heard} == {"the task tick", "the task failing", "a shut-down hook"}

    run(test())
    with pytest.raises(ValueError, match="above 0"):
        bot.every(0)


def test_a_start_up_hook_that_fails_keeps_the_bot_from_starting(tmp_path: Path) -> None:
    bot = a_bot(session_dir=tmp_path)

    @bot.startup
    def begin() -> None:
        raise LookupError("no database")

    async def test() -> None:
        for _ in range(2):
            with pytest.raises(LookupError):
                await bot.start()
        assert "not running" in repr(bot)
        with pytest.raises(errors.ClientClosedError):
            await bot.ready()

    run(test())


def test_a_handler_can_stop_the_bot_and_clear_its_session() -> None:
    bot = a_bot()

    @bot.command()
    async def stop(message: Message) -> None:
        await bot.stop()
        await message.answer("stopping")

    @bot.command()
    async def clear(message: Message) -> None:
        await message.answer("clearing")
        assert await bot.clear_session()

    async def test() -> None:
        async with BotTester(bot) as t:
            await t.send("/stop")
            assert (await t.reply()).text == "stopping"
            assert await bot.wait() is ExitCode.STOPPED
            await t.start()
            t.phone.wait_companions(1)
            await t.send("/clear")
            assert (await t.reply()).text == "clearing"
            await bot.wait()
            t.phone.wait_companions(0)
            assert await sessions_in(bot.config.session_file) == []

    run(test())


def test_clearing_a_session_that_does_not_run() -> None:
    bot = a_bot()

    async def test() -> None:
        async with BotTester(bot) as t:
            await bot.stop()
            t.phone.wait_companions(1)
            assert await bot.clear_session()
            t.phone.wait_companions(0)
            assert await sessions_in(bot.config.session_file) == []
            # There is nothing left to clear.
            assert await bot.clear_session()
            await t.start()
            t.phone.wait_companions(1)

    run(test())


async def sessions_in(store: Path) -> list[str]:
    """What is in a store, but for the session that looks."""
    async with libwa.Client(store, session="looks") as client:
        return [name for name in (await client.session.list()).sessions if name != "looks"]


@pytest.mark.parametrize("running", [True, False])
def test_a_session_that_is_cleared_gets_no_more_codes_for_that(running: bool) -> None:
    bot = a_bot(config={"pairing.limit_burst": 1, "pairing.limit_interval_ms": 86_400_000})
    errors_of_pairing: list[str] = []

    @bot.on("pairing.error")
    def failed(error: PairingError) -> None:
        errors_of_pairing.append(error.kind)

    async def test() -> None:
        async with BotTester(bot, linked=False) as t:
            await bot.wait_for("pairing.code", timeout=150)
            if not running:
                await bot.stop()
            await bot.clear_session()
            assert await sessions_in(bot.config.session_file) == []
            await t.start()
            assert await bot.wait() is ExitCode.RATE_LIMITED
            assert errors_of_pairing == ["throttled"]

    run(test())


def test_two_bots_in_one_process() -> None:
    one, two = a_bot(session_id="one"), a_bot(session_id="two", phone_number="447911123456")

    for bot in (one, two):

        @bot.message()
        async def answer(message: Message, name: str = bot.config.session_id) -> None:
            await message.answer(f"{name}: {message.text}")

    async def test() -> None:
        async with BotTester(one) as first, BotTester(two) as second:
            await asyncio.gather(first.send("a"), second.send("b"))
            assert (await first.reply()).text == "one: a"
            assert (await second.reply()).text == "two: b"
            # They can talk with each other; a bot that answers everything needs somebody to stop it.
            await one.stop()
            await second.send("c")
            assert (await second.reply()).text == "two: c"

    run(test())


def test_a_message_to_whom_one_likes() -> None:
    bot = a_bot()

    async def test() -> None:
        async with BotTester(bot) as t:
            ada = await t.user()
            sent = await bot.send(ada.number, "hello", message_id="MY-OWN-1")
            assert sent.id == "MY-OWN-1"
            assert repr(sent) == "<Sent MY-OWN-1>"
            again = await bot.send(ada.number, "hello", message_id="MY-OWN-1")
            assert again.id == sent.id
            await bot.chat(ada.number).send("there")
            assert [(await ada.reply()).text for _ in range(2)] == ["hello", "there"]

    run(test())


@pytest.fixture
def session(config: dict[str, str], wa_phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a session that is linked, for the command line."""
    monkeypatch.chdir(tmp_path)
    for key, value in config.items():
        if key != "store.url":
            monkeypatch.setenv(f"LIBWA_{key.upper().replace('.', '_')}", value)
    folder = tmp_path / "sessions"
    folder.mkdir()

    async def link() -> None:
        async with libwa.Client(folder / "mine.db", session="mine", config=config_without_store(config)) as client:
            await linked(client, wa_phone)

    run(link())
    return folder


def config_without_store(config: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in config.items() if key != "store.url"}


def test_the_command_line(session: Path, wa_phone: Phone, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert capsys.readouterr().out == "default: not linked.\n"
    assert main(["status", "--session-id", "mine"]) == 4
    assert capsys.readouterr().out == "mine: linked as …34; no bot uses it now.\n"
    assert main(["restored"]) == 1
    assert capsys.readouterr().out == "default: not linked.\n"
    assert main(["restored", "--session-id", "mine"]) == 0
    assert capsys.readouterr().out == "mine: the session goes on with new keys.\n"
    assert main(["clear", "--session-id", "mine"]) == 0
    assert capsys.readouterr().out == "mine: cleared.\n"
    wa_phone.wait_companions(0)
    assert run(sessions_in(session / "mine.db")) == []
    assert main(["status", "--session-id", "mine"]) == 1
    assert capsys.readouterr().out == "mine: not linked.\n"
    assert main(["clear", "--session-id", "mine", "--session-dir", str(session)]) == 0
    assert main(["status", "--session-id", "../mine"]) == ExitCode.USAGE
    assert "session_id" in capsys.readouterr().err


def test_clearing_without_a_word_to_the_phone(session: Path, wa_phone: Phone, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clear", "--session-id", "mine", "--local"]) == 0
    assert "remove it there" in capsys.readouterr().out
    wa_phone.wait_companions(1)
    assert run(sessions_in(session / "mine.db")) == []


def test_the_command_line_leaves_a_bot_that_runs_alone(
    session: Path, wa_sim: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    # Another client of this process stands for the bot.
    with contextlib.closing(libwa.SyncClient(session / "mine.db", session="mine")):
        assert main(["status", "--session-id", "mine"]) == 1
        assert capsys.readouterr().out == "mine: in use by a program that does not tell how it stands.\n"
        for asked in (["restored"], ["clear"], ["clear", "--local"]):
            assert main([*asked, "--session-id", "mine"]) == ExitCode.STORE
    assert (session / "mine.db").exists()

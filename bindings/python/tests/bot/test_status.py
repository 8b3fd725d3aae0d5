"""`python -m libwa.bot status`, the health check of containers, beside a bot that runs."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bots import a_bot, until
from conftest import PATIENCE, connection_of, run, script
from programs import Program, environment

from libwa.bot.state import State, StateFile, read_state
from libwa.testing import Simulator

NUMBER = "15551234567"
SOURCE = "from libwa.bot import Bot; Bot(display='plain', config={'reconnect.base_ms': 50}).run()"


def status(folder: Path, env: dict[str, str], *more: str) -> tuple[int, str]:
    """Its exit status, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "libwa.bot", "status", *more], cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def becomes(folder: Path, env: dict[str, str], wanted: str, *more: str) -> int:
    """Waits until it says this, and gives the exit status that goes with it."""
    ends = time.monotonic() + PATIENCE
    while True:
        code, said = status(folder, env, *more)
        if re.search(wanted, said):
            return code
        assert time.monotonic() < ends, said


def test_a_bot_that_runs(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    assert status(tmp_path, env) == (1, "default: not linked.\n")
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        bot.expect("Pairing code")
        assert status(tmp_path, env) == (1, "default: in use by a bot that is not linked.\n")
        assert stat.S_IMODE((tmp_path / "sessions" / "default.state").stat().st_mode) == 0o600
        assert bot.link(phone).linked
        bot.expect("Connected as")
        assert becomes(tmp_path, env, "online") == 0
        # The server is gone: for a while that is no reason to complain.
        wa_sim.fault({"point": "accept"}, "close", times=0)
        wa_sim.connection(connection_of(wa_sim, NUMBER), "cut")
        assert becomes(tmp_path, env, "offline for") == 0
        assert becomes(tmp_path, env, "offline for", "--offline-limit", "0") == 1
        wa_sim.clear_faults()
        assert becomes(tmp_path, env, "online", "--offline-limit", "0") == 0
        # A bot that does not get to say that it is there.
        stopped = tmp_path / "sessions" / "default.state"
        assert read_state(stopped) is not None
        assert bot.stop() == 0
    assert not stopped.exists()
    assert status(tmp_path, env) == (4, "default: linked as …67; no bot uses it now.\n")


def test_a_bot_that_is_unlinked_while_it_runs_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        file = StateFile(tmp_path / "x.state", a_bot().config.logger)
        file.change(linked=True, online=True)
        first = read_state(tmp_path / "x.state")
        assert first is not None
        assert (first.linked, first.online, first.offline_for()) == (True, True, 0)
        file.change(linked=False, online=False)
        second = read_state(tmp_path / "x.state")
        assert second is not None
        assert (second.linked, second.online) == (False, False)
        assert second.since >= first.since
        # The moment of the loss stays.
        file.change(online=False)
        assert read_state(tmp_path / "x.state") == second
        file.close()

    run(test())
    assert list(tmp_path.iterdir()) == []


def test_a_bot_says_again_and_again_that_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libwa.bot.state.BEAT_SECONDS", 0.01)

    async def test() -> None:
        file = StateFile(tmp_path / "x.state", a_bot().config.logger)
        file.change(linked=True, online=True)
        first = read_state(tmp_path / "x.state")
        assert first is not None
        await until(lambda: (read_state(tmp_path / "x.state") or first).seen > first.seen)
        file.close()
        await asyncio.sleep(0.05)

    run(test())
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_cannot_be_written_ends_no_bot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        file = StateFile(tmp_path / "none" / "x.state", a_bot().config.logger)
        file.change(linked=True, online=True)
        file.change(online=False)
        file.close()

    run(test())
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"linked": true}', "\x00"])
def test_what_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.state").write_text(text)
    assert read_state(tmp_path / "x.state") is None
    assert read_state(tmp_path) is None


def test_what_a_state_comes_to() -> None:
    from libwa.bot.__main__ import _of_a_bot

    now = time.monotonic()
    assert _of_a_bot(None, 300)[1] is False
    assert _of_a_bot(State(True, True, now, now), 300) == ("bot that is online", True)
    assert _of_a_bot(State(False, True, now, now), 300) == ("bot that is not linked", False)
    assert _of_a_bot(State(True, False, now - 200, now), 300)[1] is True
    assert _of_a_bot(State(True, False, now - 400, now), 300)[1] is False
    # One whose event loop hangs.
    text, fine = _of_a_bot(State(True, True, now - 400, now - 400), 300)
    assert ("not been heard of" in text, fine) == (True, False)
    # One that was killed before the machine was started anew.
    text, fine = _of_a_bot(State(True, True, now + 4000, now + 4000), 300)
    assert ("does not tell" in text, fine) == (True, False)


def test_a_bot_that_was_killed_is_not_well(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        assert bot.link(phone).linked
        assert becomes(tmp_path, env, "online") == 0
        bot.kill()
    assert (tmp_path / "sessions" / "default.state").exists()
    assert status(tmp_path, env) == (4, "default: linked as …67; no bot uses it now.\n")


def test_a_bot_waits_for_a_session_that_is_held_for_a_moment(wa_sim: Simulator, tmp_path: Path) -> None:
    async def test() -> None:
        (tmp_path / "sessions").mkdir()
        holder = script(
            "client = libwa.SyncClient(config=config)\nprint('held', flush=True)\nsys.stdin.readline()\nclient.close()",
            config={**wa_sim.config, "store.url": f"sqlite:{tmp_path}/sessions/default.db"},
            stdin=subprocess.PIPE,
        )
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        bot = a_bot(session_dir=tmp_path / "sessions", session_id="default", config=wa_sim.config)
        starting = asyncio.ensure_future(bot.start())
        await asyncio.sleep(0.3)
        assert not starting.done()
        holder.communicate("\n", timeout=PATIENCE)
        await starting
        await bot.stop()

    run(test())


@pytest.mark.parametrize("name", ["default.state", "default.state.new"])
def test_files_that_are_none(wa_sim: Simulator, tmp_path: Path, name: str) -> None:
    """Neither the bot nor `status` waits for a pipe, or follows a link."""
    phone = wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    (tmp_path / "sessions").mkdir()
    os.mkfifo(tmp_path / "sessions" / name)
    assert status(tmp_path, env) == (1, "default: not linked.\n")
    with Program(["-c", SOURCE], tmp_path, env) as bot:
        assert bot.link(phone).linked
        assert becomes(tmp_path, env, "online") == 0
        file = tmp_path / "sessions" / "default.state"
        os.replace(file, tmp_path / "state")
        os.mkfifo(file)
        assert "does not tell how it stands" in status(tmp_path, env)[1]
        assert bot.stop() == 0

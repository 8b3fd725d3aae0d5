"""The exit statuses of programs that are bots, and their signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PATIENCE
from programs import Program, environment

import libwa
from libwa import errors
from libwa.bot.exit_codes import ExitCode, exit_code
from libwa.testing import Simulator

NUMBER = "15551234567"


def program(sim: Simulator, folder: Path, options: str = "", more: str = "", **env: str) -> Program:
    source = f"from libwa.bot import *\nbot = Bot({options})\n{more}\nbot.run()\nprint('over')"
    return Program(["-c", source], folder, environment(sim, folder, PHONE_NUMBER=NUMBER, **env))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_it_well(wa_sim: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    wa_sim.phone(NUMBER)
    with program(wa_sim, tmp_path, more="bot.shutdown(lambda: print('goodbye'))") as bot:
        bot.expect("Pairing code")
        assert bot.stop(number) == 0
    assert bot.output.endswith("goodbye\nover\n")
    assert bot.errors == ""


def test_a_second_signal_ends_it_at_once(wa_sim: Simulator, tmp_path: Path) -> None:
    wa_sim.phone(NUMBER)
    hook = "import asyncio\n@bot.shutdown\nasync def hang():\n    print('hanging')\n    await asyncio.sleep(1000)"
    with program(wa_sim, tmp_path, more=hook) as bot:
        bot.expect("Pairing code")
        bot.process.send_signal(signal.SIGTERM)
        bot.expect("hanging")
        assert bot.stop(signal.SIGTERM) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_while_a_handler_blocks_the_thread(
    wa_sim: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    phone = wa_sim.phone(NUMBER)
    block = "import time\n@bot.on('ready')\nasync def block(user):\n    print('blocking')\n    while True: time.sleep(1)"
    with program(wa_sim, tmp_path, more=block) as bot:
        assert bot.link(phone).linked
        bot.expect("blocking")
        bot.process.send_signal(number)
        bot.expect("blocking")
        ends = time.monotonic() + PATIENCE
        while bot.process.poll() is None and time.monotonic() < ends:
            # Two of a kind that come at once are one.
            bot.process.send_signal(number)
            time.sleep(0.1)
        assert bot.wait() in {0, -number}


STARTING = """
import asyncio, sys
@bot.startup
async def begin():
    print("starting")
    try:
        await asyncio.sleep(1000)
    finally:
        print("cancelled")
@bot.startup
def second():
    print("not in order")
@bot.error
def failed(failure):
    print("FAILED", failure)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_while_it_starts_stop_it_well(wa_sim: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    with program(wa_sim, tmp_path, more=STARTING) as bot:
        bot.expect("starting")
        assert bot.stop(number) == 0
    assert (bot.output, bot.errors) == ("starting\ncancelled\nover\n", "")


def test_a_signal_while_a_plain_hook_runs(wa_sim: Simulator, tmp_path: Path) -> None:
    hook = (
        "import time\n@bot.startup\ndef begin():\n    print('starting')\n    time.sleep(1)\nbot.shutdown(lambda: print('goodbye'))"
    )
    with program(wa_sim, tmp_path, more=hook) as bot:
        bot.expect("starting")
        assert bot.stop() == 0
    assert bot.errors == ""
    assert bot.output.splitlines()[0] == "starting"
    assert bot.output.splitlines()[-2:] == ["goodbye", "over"]


UNSHARE = ["unshare", "--pid", "--fork", "--kill-child"]


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="this user may not make a process the first of its kind")
@pytest.mark.parametrize("second", [False, True])
def test_the_first_process_of_a_container(wa_sim: Simulator, tmp_path: Path, second: bool) -> None:
    wa_sim.phone(NUMBER)
    hang = "import asyncio\n@bot.shutdown\nasync def hang():\n    print('hanging')\n    await asyncio.sleep(1000)\n"
    source = (
        f"from libwa.bot import *\nimport os\nbot = Bot()\nprint('I am', os.getpid())\n{hang if second else STARTING}\nbot.run()"
    )
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program([*UNSHARE, sys.executable, "-c", source], tmp_path, env, user=os.getuid()) as bot:

        def stop() -> None:
            """To the bot itself, since its parent passes no signals on."""
            parent = bot.process.pid
            [child] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            os.kill(int(child), signal.SIGTERM)

        bot.expect("I am 1\n")
        bot.expect("Pairing code" if second else "starting")
        stop()
        if second:
            bot.expect("hanging")
            stop()
        assert bot.wait() == (128 + signal.SIGTERM if second else 0)


def test_reasons(wa_sim: Simulator, tmp_path: Path) -> None:
    wa_sim.phone(NUMBER)
    with program(wa_sim, tmp_path, "code_expiry=1, retry=Retry(max=0)") as bot:
        assert bot.wait() == ExitCode.PAIRING_EXPIRED
    assert "The code was not entered in time." in bot.errors
    assert "over" not in bot.output

    with program(wa_sim, tmp_path, "config={'server.uri': 'x'}") as bot:
        assert bot.wait() == ExitCode.USAGE
    assert "server.uri" in bot.errors

    (tmp_path / "sessions").mkdir(exist_ok=True)
    (tmp_path / "sessions" / "broken.db").write_bytes(b"this is no database" * 100)
    with program(wa_sim, tmp_path, "session_id='broken'") as bot:
        assert bot.wait() == ExitCode.STORE
    assert "stopping (STORE, exit status 3)" in bot.errors
    assert "Traceback" not in bot.errors

    with program(wa_sim, tmp_path, SESSION_DIR="/proc/sessions") as bot:
        assert bot.wait() == ExitCode.STORE
    assert "/proc/sessions cannot be made" in bot.errors
    assert "Traceback" not in bot.errors

    with program(wa_sim, tmp_path, more="@bot.startup\ndef fail(): raise LookupError('no database')") as bot:
        assert bot.wait() == ExitCode.FAILED
    assert "LookupError: no database" in bot.errors


@pytest.mark.parametrize(
    ("options", "more", "env", "said"),
    [
        ("phone_number='+1'", "", {}, 'remove the "+"'),
        ("session_id='../x'", "", {}, "session_id is"),
        ("retry=3", "", {}, "retry is a Retry"),
        ("retry=Retry(max=-1)", "", {}, "a Retry takes"),
        ("config={'proxy.url': 'x'}", "", {}, "proxy.url"),
        ("handler_timeout=-1", "", {}, "handler_timeout is above 0"),
        ("env_file='none.env'", "", {}, "there is no such file"),
        ("env_file='/'", "", {}, "is a folder"),
        ("config={'server.url': 'ws://10.0.0.1/ws'}", "", {}, "config: server.url: ws:// is for this machine only: use wss://"),
        ("", "", {"LIBWA_SERVER_URL": "ws://web.example/ws"}, "use wss:// for web.example"),
        ("", "", {"LOG_LEVEL": "loud"}, "log_level is one of"),
        ("", "", {"LOGIN_METHOD": "sms"}, "login_method"),
        ("", "", {"LIBWA_IQ_TIMEOUT_MS": "soon"}, "iq.timeout_ms"),
        ("", "import asyncio\nasync def main(): Bot(backlog=0)\nasyncio.run(main())", {}, "backlog is"),
    ],
)
def test_an_option_error_is_a_sentence_and_a_status(
    wa_sim: Simulator, tmp_path: Path, options: str, more: str, env: dict[str, str], said: str
) -> None:
    with program(wa_sim, tmp_path, options, more, **env) as bot:
        assert bot.wait() == ExitCode.USAGE
    assert said in bot.errors
    assert len(bot.errors.splitlines()) == 1
    assert bot.output == ""


def test_other_errors_are_shown_as_ever(wa_sim: Simulator, tmp_path: Path) -> None:
    more = "try: Bot(backlog=0)\nexcept ValueError: pass\nimport sys\nraise LookupError('mine')"
    with program(wa_sim, tmp_path, more=more) as bot:
        assert bot.wait() == 1
    assert "Traceback" in bot.errors
    assert "LookupError: mine" in bot.errors


def test_logged_out_while_it_was_away(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    with program(wa_sim, tmp_path) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        assert bot.stop() == 0
    phone.unlink()
    with program(wa_sim, tmp_path) as bot:
        assert bot.wait() == ExitCode.LOGGED_OUT
    assert "stopping (LOGGED_OUT, exit status 20)" in bot.errors
    # The next start links anew, as a supervisor that was told to go on would do.
    with program(wa_sim, tmp_path) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PairingExpiredError(), ExitCode.PAIRING_EXPIRED),
        (errors.PhoneDidNotFinishError(), ExitCode.PAIRING_EXPIRED),
        (errors.PairingLimitError(), ExitCode.RATE_LIMITED),
        (errors.RateLimitedError(), ExitCode.RATE_LIMITED),
        (errors.PasskeyRequiredError(), ExitCode.PASSKEY),
        (errors.PasskeyFailedError(), ExitCode.PASSKEY),
        (errors.CodeRefusedError(), ExitCode.PAIRING_FAILED),
        (errors.FeatureUnavailableError(), ExitCode.PAIRING_FAILED),
        (errors.PairingNotGenuineError(), ExitCode.PAIRING_FAILED),
        (errors.LoggedOutError(), ExitCode.LOGGED_OUT),
        (errors.LinkRevokedError(), ExitCode.LOGGED_OUT),
        (errors.TemporarilyBannedError(), ExitCode.RESTRICTED),
        (errors.AccountBannedError(), ExitCode.RESTRICTED),
        (errors.AccountLockedError(), ExitCode.RESTRICTED),
        (errors.VersionRefusedError(), ExitCode.RESTRICTED),
        (errors.ClientOutdatedError(), ExitCode.OUTDATED),
        (errors.ReplacedError(), ExitCode.REPLACED),
        (errors.StoreLockedError(), ExitCode.STORE),
        (errors.SessionInUseError(), ExitCode.STORE),
        (errors.BadValueError(), ExitCode.USAGE),
        (errors.PanicError(), ExitCode.FAILED),
        (KeyError(), ExitCode.FAILED),
    ],
)
def test_what_a_failure_means(error: Exception, code: ExitCode) -> None:
    assert exit_code(error) is code
    assert isinstance(error, (libwa.Error, KeyError))

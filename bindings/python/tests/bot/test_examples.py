"""The bots of examples/python, started as their first lines say."""

from __future__ import annotations

import signal
from pathlib import Path

from conftest import ROOT
from programs import Program, Somebody, environment

from libwa.testing import Simulator

EXAMPLES = ROOT / "examples" / "python"
NUMBER = "15551234567"


def test_echo_answers_once_what_came_while_it_was_dead(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER)
    ada = Somebody(wa_sim, "15550009001", NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        ada.send("one")
        assert ada.heard(1) == ["one"]
        bot.kill()
    ada.send("two")
    ada.send("three")
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        assert ada.heard(3) == ["one", "two", "three"]
        # Once: after another start nothing more comes.
        assert bot.stop(signal.SIGINT) == 0, bot.errors
    with Program([str(EXAMPLES / "echo.py")], tmp_path, env) as bot:
        bot.expect("Connected as")
        ada.send("four")
        assert ada.heard(4) == ["one", "two", "three", "four"]
        assert bot.stop() == 0, bot.errors
        assert bot.errors == ""

"""How the code is shown: in a box that counts down on a terminal, as lines elsewhere, and not at all."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from bots import a_bot
from conftest import PATIENCE, ROOT, run
from programs import Program, environment

from libwa import events as library
from libwa.bot import PairingCode, PairingPasskey, PairingReminder, User
from libwa.bot.code_box import Style, box, countdown, indented
from libwa.bot.events import STEPS
from libwa.bot.login_display import PlainScreen, Screen, TerminalScreen, screen_for
from libwa.bot.testing import BotTester
from libwa.testing import Simulator

NUMBER = "15551234567"
ECHO = str(ROOT / "examples" / "python" / "echo.py")


@pytest.mark.parametrize("width", [200, 80, 48, 40, 30, 24, 20, 12, 1])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_box_fits_any_terminal(width: int, unicode: bool) -> None:
    style = Style(width, unicode, colour=False)
    lines = box("Link with phone number", "ABCD-EFGH", STEPS, style).splitlines()
    assert any("ABCD-EFGH" in line or "A B C D - E F G H" in line for line in lines)
    assert "OpenWhatsApp" in "".join("".join(lines).split()).replace("│", "").replace("|", "")
    if width >= 24:
        assert {len(line) for line in lines} == {min(width, 48)}
        assert lines[0][0] == ("╭" if unicode else "+")
        for left in (179.6, 90, 0):
            assert len(countdown(left, 180, style)) < width
    elif width > 12:
        assert max(map(len, lines[4:])) <= width
    assert "\n".join(lines).isascii() is not (unicode and width >= 24)
    assert all(len(line) <= max(width, 8) for line in indented("Word by word it goes on.", style).splitlines())


def test_the_countdown() -> None:
    style = Style(80, unicode=True, colour=False)
    assert countdown(179.9, 180, style) == "  Valid for 2:59  " + "━" * 20
    assert countdown(90, 180, style) == "  Valid for 1:30  " + "━" * 10 + "╌" * 10
    assert countdown(0, 180, style) == "  Valid for 0:00  " + "╌" * 20
    assert countdown(5, 180, Style(10, unicode=True, colour=False)) == "Valid for"


def test_colours_only_where_they_are_wanted() -> None:
    plain, coloured = Style(80, True, False), Style(80, True, True)
    assert "\x1b" not in box("Title", "ABCD-EFGH", STEPS, plain) + countdown(1, 2, plain)
    assert "\x1b[1m" in box("Title", "ABCD-EFGH", STEPS, coloured)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, arguments: list[str], folder: Path, env: dict[str, str], columns: int) -> None:
        self.output = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
        env = {**env, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def expect(self, pattern: str) -> re.Match[str]:
        """Waits until the terminal was sent this."""
        ends = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.output)
            if found is not None:
                return found
            assert time.monotonic() < ends, self.output
            try:
                self.output += os.read(self._master, 4096).decode(errors="replace")
            except OSError:  # the program has ended
                raise AssertionError(f"no {pattern!r} in {self.output!r}") from None

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        finally:
            os.close(self._master)


@pytest.mark.parametrize("columns", [80, 34])
def test_a_terminal(wa_sim: Simulator, tmp_path: Path, columns: int) -> None:
    phone = wa_sim.phone(NUMBER, name="Ada")
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, LIBWA_PAIRING_CODE_TTL_MS="60000")
    terminal = Terminal([ECHO], tmp_path, env, columns)
    try:
        code = terminal.expect(r"([1-9A-Z] ){4}- ([1-9A-Z] ){3}[1-9A-Z]")[0].replace(" ", "")
        shown = terminal.expect(r"(?s)╭─ Link with phone number ─+╮.*╰─+╯\r\n")[0]
        lines = re.sub(r"\x1b\[\d*m", "", shown).split("\r\n")[:-1]
        assert {len(line) for line in lines} == {min(columns, 48)}
        # The time left is written again in place: nothing but it is sent meanwhile.
        terminal.expect(r"Valid for 0:5\d[^\n]*\x1b\[K\r[^\n]*\r  Valid for 0:5\d[^\n]*\x1b\[K\r[^\n]*Valid for 0:5")
        assert phone.enter(code).linked
        # The line goes, and what comes stands in its place.
        terminal.expect(r"\r\x1b\[K\S* *The phone answered")
        terminal.expect(r"Connected as Ada")
    finally:
        status = terminal.end()
    assert status == 0


def test_no_colour_is_respected(wa_sim: Simulator, tmp_path: Path) -> None:
    wa_sim.phone(NUMBER)
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)
    for no_colour in (True, False):
        terminal = Terminal([ECHO], tmp_path, {**env, "NO_COLOR": "1" if no_colour else ""}, 80)
        try:
            terminal.expect(r"Valid for \d:\d\d")
            assert ("\x1b[1m" in terminal.output) is not no_colour
        finally:
            terminal.end()


def test_elsewhere_it_is_lines(wa_sim: Simulator, tmp_path: Path) -> None:
    phone = wa_sim.phone(NUMBER, name="Ada")
    with Program([ECHO], tmp_path, environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER)) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as")
        assert bot.stop() == 0
    lines = bot.output.splitlines()
    assert re.fullmatch(r"Pairing code: [1-9A-Z]{4}-[1-9A-Z]{4} \(valid for 1[78]\d seconds\)", lines[0])
    assert lines[1:6] == [f"  {number}. {step}" for number, step in enumerate(STEPS, 1)]
    assert lines[-1] == "Connected as Ada"
    assert "\x1b" not in bot.output
    assert bot.errors == ""


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_output_that_is_not_utf8(wa_sim: Simulator, tmp_path: Path, encoding: str) -> None:
    phone = wa_sim.phone(NUMBER, name="Zoë ☕")
    env = environment(wa_sim, tmp_path, PHONE_NUMBER=NUMBER, PYTHONIOENCODING=f"{encoding}:strict")
    with Program([ECHO], tmp_path, {**env, "LOGIN_METHOD": "qr"}) as bot:
        bot.expect("█" if encoding == "utf-8" else "##  ##")
        assert bot.stop() == 0
    assert bot.errors == ""
    with Program([ECHO], tmp_path, env) as bot:
        assert bot.link(phone).linked
        bot.expect("Connected as Zo")
        assert bot.stop() == 0
    assert bot.errors == ""


def test_silence(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        async with BotTester(a_bot()):
            pass

    run(test())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_is_not_utf8(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "60")
    soon = datetime.now(timezone.utc) + timedelta(seconds=30)

    async def test() -> str:
        written = io.BytesIO()
        screen = TerminalScreen(io.TextIOWrapper(written, encoding=encoding, write_through=True))
        screen.code(PairingCode("ABCDEFGH", "ABCD-EFGH", soon, 1))
        await asyncio.sleep(0.01)
        screen.qr(FakeQr(1, 1, 1, soon, False, "payload", soon, 60.0, 1, 6, False))
        screen.ready(User("Zoë ☕", NUMBER, "jid", None, True))
        screen.close()
        return written.getvalue().decode(encoding)

    text = run(test())
    for part in ("A B C D - E F G H", "+- Link with phone number", "Valid for 0:2", "####", "Connected as Zo"):
        assert part in text
    assert text.isascii() is (encoding == "ascii")


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_which_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert type(screen_for("auto", Tty())) is TerminalScreen
    assert type(screen_for("auto", io.StringIO())) is PlainScreen
    assert type(screen_for("plain", Tty())) is PlainScreen
    assert type(screen_for("off", Tty())) is Screen
    monkeypatch.setenv("TERM", "dumb")
    assert type(screen_for("auto", Tty())) is PlainScreen


class FakeQr(library.PairingQr):
    """A QR code without a library's event behind it."""

    def terminal(self) -> str:
        return "██\n██\n"


def test_all_that_a_screen_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    soon = datetime.now(timezone.utc) + timedelta(seconds=30)

    async def nothing(*_: object) -> None: ...

    def show(screen: Screen) -> None:
        screen.code(PairingCode("ABCDEFGH", "ABCD-EFGH", soon, 1))
        screen.reminder(PairingReminder("ABCDEFGH", "ABCD-EFGH", soon, 1))
        screen.ended("The code was not entered in time.", 3)
        for index in (1, 2):
            screen.qr(FakeQr(1, 1, 1, soon, False, "payload", soon, 60.0, index, 6, False))
        screen.passkey(PairingPasskey("required", "{}", None, soon, nothing, nothing))
        screen.passkey(PairingPasskey("confirm", None, "AAAA-BBBB", soon, nothing, nothing))
        screen.progress("Linked.")
        screen.ended("It failed.", None)
        screen.ready(User("Ada", NUMBER, "jid", None, True))
        screen.close()

    async def test() -> None:
        plain, terminal = io.StringIO(), Tty()
        show(PlainScreen(plain))
        show(TerminalScreen(terminal))
        for shown in (plain.getvalue(), terminal.getvalue()):
            for part in ("QR code 2 of 6", "its passkey.", "AAAA-BBBB", "Linked.", "It failed.", "Connected as Ada"):
                assert part in shown
            assert "Trying again in 3 seconds." in shown
        # The second QR code replaces the first.
        assert "\x1b[9A\x1b[JQR code 2" in terminal.getvalue()
        # Nobody reads any more: that ends no bot.
        plain.close()
        show(PlainScreen(plain))
        monkeypatch.setenv("COLUMNS", "10")
        narrow = Tty()
        TerminalScreen(narrow).qr(FakeQr(1, 1, 1, soon, False, "payload", soon, 60.0, 1, 6, False))
        assert "narrow" in narrow.getvalue()

    asyncio.run(test())

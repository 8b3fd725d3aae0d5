"""Shows a person in front of the program how to link it: the code with its countdown, or the QR code, and how it went."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from typing import TextIO

from ..terminal import again_in, can_show, in_words, printable, qr_drawing
from . import events
from .code_box import LINES, Style, box, countdown, indented
from .options import Display

# The interval at which the time left is written.
_TICK = 1.0


class Screen:
    """Shows nothing."""

    def code(self, code: events.PairingCode) -> None:
        """A code to type into the phone."""

    def qr(self, code: events.PairingQr) -> None:
        """A QR code to scan; it replaces the one before."""

    def reminder(self, code: events.PairingReminder) -> None:
        """The code ends soon."""

    def passkey(self, passkey: events.PairingPasskey) -> None:
        """The account wants its passkey."""

    def progress(self, text: str) -> None:
        """The pairing went one step on."""

    def ended(self, message: str, retry_in: float | None) -> None:
        """A code expired, or the pairing failed."""

    def trouble(self, text: str) -> None:
        """There is no connection just now."""

    def ready(self, user: events.User) -> None:
        """The bot is linked, or online again."""

    def close(self) -> None:
        """Nothing more is shown."""


def screen_for(display: Display, output: TextIO | None = None) -> Screen:
    """The screen for this choice and for where it is written, standard output if nothing else is given."""
    if display == "off":
        return Screen()
    where = output or sys.stdout
    if display == "auto" and where.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return TerminalScreen(where)
    return PlainScreen(where)


class PlainScreen(Screen):
    """Lines, as for a file or the output of a container."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def _write(self, text: str) -> None:
        # The reader may be gone; that is no reason to end a bot.
        with contextlib.suppress(OSError, ValueError):
            self._output.write(printable(self._output, text))
            self._output.flush()

    def code(self, code: events.PairingCode) -> None:
        self._write(f"Pairing code: {code.display} (valid for {in_words(code.expires_in)})\n")
        for number, step in enumerate(code.steps, 1):
            self._write(f"  {number}. {step}\n")

    def qr(self, code: events.PairingQr) -> None:
        self._write(f"{self._picture(code)}\n")

    def reminder(self, code: events.PairingReminder) -> None:
        self._write(f"The pairing code ends in {in_words(code.expires_in)}.\n")

    def passkey(self, passkey: events.PairingPasskey) -> None:
        if passkey.display is not None:
            self._write(f"Compare this code with the one on the phone: {passkey.display}\n")
        else:
            self._write("The account confirms new devices with its passkey.\n")

    def progress(self, text: str) -> None:
        self._write(f"{text}\n")

    def ended(self, message: str, retry_in: float | None) -> None:
        self._write(f"{message}\n" if retry_in is None else f"{message} {again_in(retry_in)}\n")

    def trouble(self, text: str) -> None:
        self._write(f"{text}\n")

    def ready(self, user: events.User) -> None:
        self._write(f"Connected as {user.name}\n")

    def _picture(self, code: events.PairingQr) -> str:
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(events.QR_STEPS, 1))
        return f"QR code {code.index} of {code.of}:\n{steps}\n\n{qr_drawing(code, self._output)}"


class TerminalScreen(PlainScreen):
    """A terminal: the code in a box, and under it one line that counts down, redrawn in place."""

    def __init__(self, output: TextIO) -> None:
        super().__init__(output)
        self._ticking: asyncio.Task[None] | None = None
        self._line_open = False
        # The number of lines of the QR code that can be replaced.
        self._qr_lines = 0

    def code(self, code: events.PairingCode) -> None:
        self._settle()
        self._write("\n" + box("Link with phone number", code.display, code.steps, self._style()))
        self._count_down(code)

    def qr(self, code: events.PairingQr) -> None:
        lines = self._qr_lines
        self._settle()
        picture = self._picture(code) + "\n"
        columns, rows = shutil.get_terminal_size()
        if picture.splitlines() and max(map(len, picture.splitlines())) > columns:
            self._write(indented("This terminal is too narrow for the QR code: make it wider.", self._style()))
            return
        if lines:
            self._write(f"\x1b[{lines}A\x1b[J")
        self._write(picture)
        count = picture.count("\n")
        self._qr_lines = count if count < rows else 0

    def reminder(self, code: events.PairingReminder) -> None:
        pass  # the countdown tells

    def passkey(self, passkey: events.PairingPasskey) -> None:
        self._settle()
        super().passkey(passkey)

    def progress(self, text: str) -> None:
        self._settle()
        self._write(indented(text, self._style()))

    def ended(self, message: str, retry_in: float | None) -> None:
        self._settle()
        style = self._style()
        self._write(style.red(indented(message, style)))
        if retry_in is not None:
            self._write(indented(again_in(retry_in), style))

    def trouble(self, text: str) -> None:
        # A code that is counted down stays good.
        if self._line_open:
            self._write("\r\x1b[K")
        self._qr_lines = 0
        self._write(indented(text, self._style()))

    def ready(self, user: events.User) -> None:
        self._settle()
        style = self._style()
        self._write(style.green(indented(f"Connected as {user.name}", style)))

    def close(self) -> None:
        self._settle()

    def _style(self) -> Style:
        return Style(
            width=shutil.get_terminal_size().columns,
            unicode=bool(getattr(self._output, "encoding", None)) and can_show(self._output, LINES),
            colour=not os.environ.get("NO_COLOR"),
        )

    def _count_down(self, code: events.PairingCode) -> None:
        whole = code.expires_in

        async def tick() -> None:
            while code.expires_in > 0:
                # The cursor goes back to the line's start, so that what the program prints replaces the line.
                self._write(f"\r{countdown(code.expires_in, whole, self._style())}\x1b[K\r")
                self._line_open = True
                await asyncio.sleep(_TICK)

        self._ticking = asyncio.ensure_future(tick())

    def _settle(self) -> None:
        """Ends what is redrawn."""
        self._qr_lines = 0
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        if self._line_open:
            self._write("\r\x1b[K")
            self._line_open = False

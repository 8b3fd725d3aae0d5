"""Linking in a terminal, in one call: shows the code with its countdown, or the QR codes, and says how it went.

`can_show`, `printable` and `qr_drawing` are for programs that show codes themselves: output need not be UTF-8.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from ._client import Client
from ._client_base import Base
from ._error import Error
from ._pairing import Pairing, PairingStep
from ._sync import SyncClient
from ._waits import in_utc
from .events import Connection, PairingCode, PairingPasskey, PairingProgress, PairingQr, Ready, Restricted

__all__ = ["can_show", "pair", "pair_sync", "printable", "qr_drawing"]

OnStep = Callable[[PairingStep], object]

# The interval at which the time left is written.
_TICK = 1.0

_WHERE_TO_TYPE = "On the phone: WhatsApp > Settings > Linked devices > Link a device > Link with phone number instead"
_WHERE_TO_SCAN = "Scan with WhatsApp > Settings > Linked devices > Link a device"


# The light ones of its two modules, for each character of a drawing. The drawing is for a dark background.
_HALVES = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def can_show(output: TextIO, text: str) -> bool:
    """Returns whether the output's encoding has every character of the text."""
    try:
        # One that has no encoding, such as `io.StringIO`, takes all of them.
        text.encode(getattr(output, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def printable(output: TextIO, text: str) -> str:
    """Returns the text with a question mark for each character that the output's encoding lacks."""
    if can_show(output, text):
        return text
    return "".join(letter if can_show(output, letter) else "?" for letter in text)


def qr_drawing(code: PairingQr, output: TextIO) -> str:
    """Returns the code as lines of block characters, or of `##` and spaces where the output's encoding has no blocks."""
    drawing = code.terminal()
    return drawing if can_show(output, drawing) else _in_ascii(drawing)


def _in_ascii(drawing: str) -> str:
    lines: list[str] = []
    for line in drawing.splitlines():
        halves = [_HALVES[letter] for letter in line]
        lines += ["".join("##" if half[row] else "  " for half in halves).rstrip() for row in (0, 1)]
    # An odd number of rows leaves the last half empty.
    return "\n".join(lines).rstrip("\n") + "\n"


def again_in(seconds: float | None) -> str:
    """Returns the sentence that says when the next attempt is made."""
    if not seconds or round(seconds) < 1:
        return "Trying again."
    return f"Trying again in {in_words(seconds)}."


def in_words(seconds: float) -> str:
    """Returns a whole number of seconds, with its unit."""
    return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"


def when_to_try(error: Error) -> str:
    """Returns the sentence that says when what failed may be tried again; empty when nothing is known."""
    if isinstance(error.event, Restricted) and error.event.ends_at is not None:
        return f"Try again after {in_utc(error.event.ends_at)}."
    return f"Try again in {in_words(error.retry_after)}." if error.retry_after else ""


async def pair(client: Client, phone: str | None = None, *, output: TextIO | None = None, on_step: OnStep | None = None) -> Ready:
    """Links the client, by a code for this number, or by QR codes when none is given, and comes back when it is ready.

    `on_step` is told of every step. Failures are raised as by `Client.pair`.
    """
    return await _pair(client, phone, output, on_step)


def pair_sync(
    client: SyncClient, phone: str | None = None, *, output: TextIO | None = None, on_step: OnStep | None = None
) -> Ready:
    """`pair`, for programs without asyncio."""
    return client._client.run(_pair(client._client, phone, output, on_step))


async def _pair(client: Base, phone: str | None, output: TextIO | None, on_step: OnStep | None) -> Ready:
    screen = _Screen(output or sys.stdout)
    pairing = Pairing(client, "wa_request_qr") if phone is None else Pairing(client, "wa_request_pairing", phone, None)
    try:
        while True:
            step = await pairing.step(_TICK)
            if step is None:
                screen.count_down()
                continue
            screen.show(step)
            if on_step is not None:
                on_step(step)
            if isinstance(step, Ready):
                return step
    finally:
        screen.end_line()
        pairing.close()


class _Screen:
    """Writes the steps, and on a terminal a line that counts down."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._expires_at: datetime | None = None
        self._line_open = False

    def show(self, step: PairingStep) -> None:
        self.end_line()
        if isinstance(step, PairingCode):
            self._write(f"{_WHERE_TO_TYPE}:\n\n        {step.display}\n\n")
            self._expires_at = step.expires_at
            self.count_down()
        elif isinstance(step, PairingQr):
            self._write(f"{_WHERE_TO_SCAN} ({step.index} of {step.of}):\n\n{qr_drawing(step, self._output)}\n")
            self._expires_at = step.expires_at
        elif isinstance(step, PairingPasskey):
            self._expires_at = None
            if step.display is not None:
                self._write(f"Compare this code with the one on the phone: {step.display}\n")
            else:
                self._write("The account confirms new devices with its passkey, which a terminal cannot do.\n")
        elif isinstance(step, PairingProgress):
            if step.stage not in ("requested", "code"):
                self._expires_at = None
                self._write(f"{step.user_text}\n")
        elif isinstance(step, Connection):
            again = "" if step.retry_in is None else f" {again_in(step.retry_in)}"
            self._write(f"Not connected: {step.text}.{again}\n")
        elif isinstance(step, Ready):
            self._write(f"Ready, as {step.jid}\n")

    def count_down(self) -> None:
        if self._expires_at is None or not self._output.isatty():
            return
        left = max(0, int(self._expires_at.timestamp() - time.time()))
        self._write(f"\r        valid for {left // 60}:{left % 60:02} ")
        self._line_open = True

    def end_line(self) -> None:
        if self._line_open:
            self._write("\n")
            self._line_open = False

    def _write(self, text: str) -> None:
        self._output.write(printable(self._output, text))
        self._output.flush()

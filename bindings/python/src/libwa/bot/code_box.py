"""Draws the pairing code: a box, its steps, and a line that counts down. Text in, text out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_WIDEST = 48
# Below this the sides of a box take more than they give.
_NARROWEST = 24
_BAR = 20

#: The characters to draw with where a terminal has them.
LINES = "─│╭╮╰╯━╌"


@dataclass(frozen=True)
class Style:
    """The abilities of a terminal.

    Attributes:
        width: Its columns.
        unicode: Whether it shows lines and blocks.
        colour: Whether it shows colours.
    """

    width: int
    unicode: bool
    colour: bool

    def bold(self, text: str) -> str:
        """The text as something that stands out."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def dim(self, text: str) -> str:
        """The text as something that stays behind."""
        return f"\x1b[2m{text}\x1b[0m" if self.colour else text

    def green(self, text: str) -> str:
        """The text as something good."""
        return f"\x1b[32m{text}\x1b[0m" if self.colour else text

    def red(self, text: str) -> str:
        """The text as something that went wrong."""
        return f"\x1b[31m{text}\x1b[0m" if self.colour else text


def box(title: str, code: str, steps: Sequence[str], style: Style) -> str:
    """The box, as lines that each end with a newline."""
    spaced = " - ".join(" ".join(half) for half in code.split("-"))
    if style.width < _NARROWEST:
        lines = [title, "", code, ""]
        for number, step in enumerate(steps, 1):
            lines += textwrap.wrap(f"{number}. {step}", max(style.width, 8), subsequent_indent="   ")
        return "\n".join(style.bold(line) if line == code else line for line in lines) + "\n"
    inner = min(style.width, _WIDEST) - 4
    shown = spaced if len(spaced) <= inner else code
    body: list[tuple[str, bool]] = [("", False), (shown.center(inner).rstrip(), True), ("", False)]
    for number, step in enumerate(steps, 1):
        wrapped = textwrap.wrap(f"{number}. {step}", inner, subsequent_indent="   ")
        body += [(line, False) for line in wrapped]
    body.append(("", False))
    across, down, corners = ("─", "│", "╭╮╰╯") if style.unicode else ("-", "|", "++++")
    title = title[: inner - 2]
    head = f"{corners[0]}{across} {title} {across * (inner - len(title) - 1)}{corners[1]}"
    foot = f"{corners[2]}{across * (inner + 2)}{corners[3]}"
    rows = [f"{down} {_padded(line, inner, bold, style)} {down}" for line, bold in body]
    return "\n".join([head, *rows, foot]) + "\n"


def _padded(line: str, width: int, bold: bool, style: Style) -> str:
    return (style.bold(line) if bold else line) + " " * (width - len(line))


def indented(text: str, style: Style) -> str:
    """A sentence under the box, as lines that each end with a newline."""
    return textwrap.fill(text, max(style.width, 8), initial_indent="  ", subsequent_indent="  ") + "\n"


def countdown(left: float, whole: float, style: Style) -> str:
    """The line that says how long the code is good for, without a newline; it fits the width."""
    seconds = max(0, int(left))
    text = f"Valid for {seconds // 60}:{seconds % 60:02}"
    if style.width < _NARROWEST:
        return text[: style.width - 1]
    full = round(_BAR * min(1.0, left / whole)) if whole > 0 else 0
    bar = ("━" * full + style.dim("╌" * (_BAR - full))) if style.unicode else "#" * full + "." * (_BAR - full)
    if style.width < len(text) + _BAR + 6:
        return "  " + text
    return f"  {text}  {bar}"

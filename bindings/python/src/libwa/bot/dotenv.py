"""Reads files of environment variables.

One `NAME=value` a line, an `export` before it is allowed. Empty lines and lines that begin with `#` are skipped; so is what
follows ` #` after a value. A value may stand in single quotes, which keep everything as it is, or in double quotes, in which
`\\n`, `\\t`, `\\"` and `\\\\` are what they are elsewhere. Values do not refer to other variables, and stay on one line.
"""

from __future__ import annotations

import re
from pathlib import Path

_LINE = re.compile(
    r"""\s*(?:export\s+)?
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
        (?: '(?P<single>[^']*)'  |  "(?P<double>(?:[^"\\]|\\.)*)"  |  (?P<bare>[^'"\s].*?|) )
        \s*(?:(?<=\s)\#.*|(?<==)\#.*|)$""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class EnvFileError(ValueError):
    """A line of such a file is not one."""


def read_env(path: Path) -> dict[str, str]:
    """The variables of a file; none when there is no such file.

    Raises:
        EnvFileError: A line is neither a variable nor a comment. The text names the line, and does not show it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None:
            raise EnvFileError(f"{path}, line {number}: write NAME=value, with quotes that are closed")
        values[found["name"]] = _value(found)
    return values


def _value(found: re.Match[str]) -> str:
    if found["single"] is not None:
        return found["single"]
    if found["double"] is not None:
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), found["double"])
    return str(found["bare"])

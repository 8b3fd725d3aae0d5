"""Reads files of environment variables.

One `NAME=value` a line, an `export` before it is allowed. Empty lines and lines that begin with `#` are skipped; so is what
follows ` #` after a value. A value may stand in single quotes, which keep everything as it is, or in double quotes, in which
`\\n`, `\\t`, `\\"` and `\\\\` are what they are elsewhere. Values do not refer to other variables, and stay on one line.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from .files import read_small
from .usage import UsageError

# Far more bytes than such a file has.
_LIMIT = 1024 * 1024

_LINE = re.compile(
    r"""\s*(?:export\s+)?
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
        (?: '(?P<single>[^']*)'  |  "(?P<double>(?:[^"\\]|\\.)*)"  |  (?P<bare>[^'"\s].*?|) )
        \s*(?:(?<=\s)\#.*|(?<==)\#.*|)$""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class EnvFileError(UsageError):
    """Such a file cannot be read, or a line of it is not one."""


def read_env(path: Path) -> dict[str, str]:
    """The variables of a file.

    Raises:
        FileNotFoundError: There is no such file.
        EnvFileError: It cannot be read, is not UTF-8, or a line is neither a variable nor a comment. The text names the line, and
            does not show it.
    """
    text = _text(path)
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None:
            raise EnvFileError(f"{path}, line {number}: write NAME=value, with quotes that are closed")
        values[found["name"]] = _value(found)
    return values


def _text(path: Path) -> str:
    try:
        data = read_small(path, _LIMIT)
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise EnvFileError(f"{path} is a folder: put the variables into a file, and name that") from None
    except (OSError, ValueError) as error:
        raise EnvFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if _is_utf16(data):
        raise EnvFileError(f"{path} is UTF-16, as some editors and PowerShell write it: save it as UTF-8")
    if b"\0" in data:
        raise EnvFileError(f"{path} is no text file: name one of lines such as NAME=value")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EnvFileError(f"{path}, line {line}: this is not UTF-8, but Latin-1 or the like: save the file as UTF-8") from None


def _is_utf16(data: bytes) -> bool:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    # Without a mark, most characters have a NUL for one of their two bytes, always the same one.
    halves = data[::2], data[1::2]
    return any(0 not in one and other.count(0) > len(other) / 2 for one, other in (halves, halves[::-1]))


def _value(found: re.Match[str]) -> str:
    if found["single"] is not None:
        return found["single"]
    if found["double"] is not None:
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[0]), found["double"])
    return str(found["bare"])

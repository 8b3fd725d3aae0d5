"""Texts on their way out of the library, which speak of C, and into it, which not every Python string can go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from ._bindings import NAMES, WA_ERROR_INVALID_ARGUMENT
from ._error import Error, error_for

_IN_C = re.compile(r"(`?)\b(wa_[a-z0-9_]+|WA_[A-Z0-9_]+|NULL)\b(?:\(\))?(`?)")


def in_python(text: str) -> str:
    """Returns a text of the library with Python's names for what it names."""
    return _IN_C.sub(_renamed, text) if "wa_" in text or "WA_" in text or "NULL" in text else text


def _renamed(found: re.Match[str]) -> str:
    name = NAMES.get(found[2])
    if name is None:
        return found[0]
    return f"`{name.strip('`')}`" if found[1] and found[3] else f"{found[1]}{name}{found[3]}"


def encoded(text: object, name: str) -> bytes | None:
    """Returns a text as the library takes it.

    Raises:
        InvalidArgumentError: It has a NUL, which would end it, or half of a surrogate pair.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"{name} must be str, not {type(text).__name__}")
    _check(text, name)
    return text.encode()


def argument(value: Any, name: str, kind: type) -> Any:
    """Returns an argument of a request as the library takes it."""
    if kind is str:
        return encoded(value, name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")
    return value


def as_json(params: Mapping[str, Any]) -> str | None:
    """Returns the parameters of a method as the library takes them.

    Raises:
        InvalidArgumentError: A text in them has a NUL or half of a surrogate pair, or a number is none.
    """
    for name, value in params.items():
        _check(name, "params")
        _check_all(value, name)
    return json.dumps(params) if params else None


def _check_all(value: Any, name: str) -> None:
    if isinstance(value, str):
        _check(value, name)
    elif isinstance(value, float) and value - value != 0:
        raise _invalid(f"{name} is {value}, which is no number", name)
    elif isinstance(value, Mapping):
        for part in cast(Any, value).items():
            _check_all(part, name)
    elif isinstance(value, (list, tuple)):
        for part in cast(Any, value):
            _check_all(part, name)


def _check(text: str, name: str) -> None:
    if "\0" in text:
        raise _invalid(f"{name} has a NUL character in it", name)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _invalid(f"{name} has half of a surrogate pair in it, at {error.start}, which is no character", name) from None


def _invalid(text: str, name: str) -> Error:
    return error_for(WA_ERROR_INVALID_ARGUMENT, text, key=name)

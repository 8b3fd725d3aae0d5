"""Checks what is said of a wait, which the library itself never sees: for how long, and for what."""

from __future__ import annotations

import math
import numbers
from typing import Any, cast

from . import errors
from ._error import Error
from ._event import Event, UnknownEvent
from .events import MAKERS

# All that can come: a class that none of them is of would be waited for in vain.
_CLASSES: tuple[type[Event], ...] = (*(cast(Any, make).__self__ for make in MAKERS.values()), UnknownEvent)

_OR_NONE = ", or None for any time"


def time_limit(value: object, name: str = "timeout") -> float | None:
    """Returns how many seconds a wait may take; None for any time, which infinity means too.

    Raises:
        InvalidArgumentError: It is negative, or no number.
    """
    limit = None if value is None else _number(value, name, _OR_NONE)
    return None if limit == math.inf else limit


def time_span(value: object, name: str) -> float:
    """Returns how many seconds a wait takes that has to end.

    Raises:
        InvalidArgumentError: It is negative, infinite, or no number.
    """
    span = _number(value, name, "")
    if span == math.inf:
        raise _refused(name, "", span)
    return span


def _number(value: object, name: str, or_what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _refused(name, or_what, type(value).__name__)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf if cast(Any, value) > 0 else -math.inf
    if not number >= 0:
        raise _refused(name, or_what, number)
    return number


def _refused(name: str, or_what: str, given: object) -> Error:
    return errors.InvalidArgumentError(f"{name} must be a number of seconds, 0 or more{or_what}, not {given}", key=name)


def event_classes(kind: object, name: str = "kind") -> tuple[type[Event], ...]:
    """Returns the classes of the events to wait for.

    Raises:
        InvalidArgumentError: There is none, or one that no event is of.
    """
    kinds = cast("tuple[object, ...]", kind) if isinstance(kind, tuple) else (kind,)
    if not kinds:
        raise errors.InvalidArgumentError(
            f"{name} is an empty tuple: give the class of the events to wait for, such as libwa.Message", key=name
        )
    for each in kinds:
        if not _comes(each):
            what = f"the class {each.__name__}" if isinstance(each, type) else f"an object of the class {type(each).__name__}"
            raise errors.InvalidArgumentError(
                f"{name} must be a class of libwa's events, such as libwa.Message, or a tuple of such classes, not {what}", key=name
            )
    return cast("tuple[type[Event], ...]", kinds)


def _comes(kind: Any) -> bool:
    """Returns whether an event of this class can come. A class-like object can be none, such as `list[int]` before Python 3.11."""
    try:
        return issubclass(kind, Event) and any(issubclass(known, kind) for known in _CLASSES)
    except TypeError:
        return False

"""Checks what a program hands in at the moment it does: handlers, hooks, tasks and conditions."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, cast

_EMPTY = inspect.Parameter.empty


def name_of(function: object) -> str:
    """The function's name for error texts."""
    return str(getattr(function, "__qualname__", None) or repr(function))


def check_function(function: object, what: str, *takes: str) -> None:
    """Checks that it is a function that can be called with exactly these arguments.

    Args:
        function: The object that was handed in.
        what: Its purpose, for the error text: "a handler of messages".
        takes: The names of the arguments that it will be called with.

    Raises:
        TypeError: It is no function, yields values, or takes other arguments.
    """
    check_callable(function, what)
    try:
        inspect.signature(cast("Callable[..., object]", function)).bind(*takes)
    except TypeError:
        wanted = f"({', '.join(takes)})" if takes else "()"
        raise TypeError(f"{name_of(function)} cannot be {what}: it is called with {wanted} and has to take that") from None
    except ValueError:
        pass  # some functions that are written in C do not tell


def check_callable(function: object, what: str) -> None:
    """Checks that it is a function, whatever it takes.

    Raises:
        TypeError: It is no function, or yields values.
    """
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{what} is a function, not {function!r}{_hint(function)}")
    if _yields(function):
        raise TypeError(f"{name_of(function)} cannot be {what}: it has a yield in it, so that a call runs none of it")


def is_async(function: Callable[..., object]) -> bool:
    """Returns whether a call gives something to await, as far as that can be seen without calling."""
    return any(inspect.iscoroutinefunction(each) for each in _inside(function))


def returns_nothing(function: Callable[..., object]) -> bool:
    """Returns whether it says of itself that it gives back nothing, as handlers do and conditions do not."""
    return getattr(function, "__annotations__", {}).get("return", _EMPTY) in (None, "None")


def is_a(value: object, *kinds: type) -> bool:
    """Returns whether it is of one of these types, whatever its annotation says."""
    return isinstance(value, kinds)


def check_number(value: object, name: str, least: float, most: float = float("inf"), *, above: bool = False) -> None:
    """Checks that it is a number in this range.

    Raises:
        ValueError: It is out of the range, or no number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is a number, not {value!r}")
    # Also a whole number that is too large to reckon with.
    endless = value > sys.float_info.max
    if not least <= value <= most or endless or (above and value == least):
        wanted = (
            f"above {least:g}" if above else f"at least {least:g}" if most == float("inf") else f"from {least:g} to {most:.10g}"
        )
        raise ValueError(f"{name} is {wanted}, not {'infinity' if endless else value}")


def _inside(function: Any) -> list[Any]:
    """The function, what it is a partial of, and the method that a call of an object runs."""
    found = [function]
    while isinstance(function, functools.partial):
        function = function.func
        found.append(function)
    if not inspect.isroutine(function):
        found.append(getattr(function, "__call__", None))  # noqa: B004
    return found


def _yields(function: object) -> bool:
    return any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in _inside(function))


def _hint(function: object) -> str:
    if isinstance(function, str):
        return "; of a text, write F.text == … or @bot.command(…)"
    if inspect.iscoroutine(function):
        function.close()
        return "; hand in the function itself, without calling it"
    return ""

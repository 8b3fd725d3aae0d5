"""Calls that plain functions make of coroutine methods, which they cannot await: they are made once the function is through."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., Coroutine[Any, Any, Any]])

# The calls of the plain function that runs; None within coroutines.
_calls: contextvars.ContextVar[list[Later[Any]] | None] = contextvars.ContextVar("calls", default=None)


class Later(Coroutine[Any, Any, T], Generic[T]):
    """A call that was made by a plain function. It runs once, whoever awaits it, and however many do."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Future[T] | None = None
        self._steps: Generator[Any, None, T] | None = None

    def __await__(self) -> Generator[Any, None, T]:
        if self._task is None:
            self._task = asyncio.ensure_future(self._coroutine)
        return self._task.__await__()

    def send(self, value: Any) -> Any:
        """As a coroutine does."""
        if self._steps is None:
            self._steps = self.__await__()
        return next(self._steps)

    def throw(self, *error: Any) -> Any:
        """As a coroutine does."""
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        """As a coroutine does. The call itself goes on."""
        if self._steps is not None:
            self._steps.close()

    def drop(self) -> None:
        """Closes the call if it has not begun."""
        if self._task is None:
            self._coroutine.close()


def sends(method: M) -> M:
    """Lets plain functions call this coroutine method without awaiting it."""

    @functools.wraps(method)
    def call(*args: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        coroutine = method(*args, **named)
        calls = _calls.get()
        if calls is None:
            return coroutine
        later = Later(coroutine)
        calls.append(later)
        return later

    return cast(M, call)


def waits(method: M) -> M:
    """Refuses calls of this coroutine method by plain functions, which would have to stop for its result."""

    @functools.wraps(method)
    def call(*args: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        if _calls.get() is not None:
            raise TypeError(f"{method.__name__} needs a handler that is written `async def`, and `await` before it")
        return method(*args, **named)

    return cast(M, call)


def collected(function: Callable[..., object], *args: Any, **named: Any) -> tuple[object, Exception | None, list[Later[Any]]]:
    """Calls a function: what it gave back, what it raised, and the calls that it made without awaiting them."""
    calls: list[Later[Any]] = []
    token = _calls.set(calls)
    try:
        return function(*args, **named), None, calls
    except Exception as error:
        return None, error, calls
    finally:
        _calls.reset(token)


def not_collected() -> None:
    """Calls of what runs now are no plain function's."""
    _calls.set(None)

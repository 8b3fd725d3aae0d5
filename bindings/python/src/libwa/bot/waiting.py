"""Those who wait for something that is yet to come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class _Waiter:
    event: str
    suits: Callable[[Any], object]
    future: asyncio.Future[Any]


class Waiters:
    """Who waits for which event."""

    def __init__(self) -> None:
        self._waiters: list[_Waiter] = []

    async def wait(self, event: str, suits: Callable[[Any], object], timeout: float | None) -> Any:
        """Waits for the first one that suits.

        Raises:
            TimeoutError: None came within so many seconds.
        """
        waiter = _Waiter(event, suits, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            return await asyncio.wait_for(waiter.future, timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no {event} that suits came within {timeout} seconds") from None
        finally:
            self._waiters.remove(waiter)

    def offer(self, event: str, subject: Any) -> bool:
        """Gives it to the first who wants it, and says whether there was one.."""
        for waiter in self._waiters:
            if waiter.event == event and not waiter.future.done():
                try:
                    wanted = waiter.suits(subject)
                except Exception as error:
                    waiter.future.set_exception(error)
                    continue
                if wanted:
                    waiter.future.set_result(subject)
                    return True
        return False

    def end(self, error: BaseException) -> None:
        """Nothing will come any more."""
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)

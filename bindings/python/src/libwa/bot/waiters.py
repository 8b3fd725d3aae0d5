"""Those who wait for an event that is yet to come, and which its listeners hear of too."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any


class _Waiter:
    def __init__(self, event: str) -> None:
        self.event = event
        self.subjects: deque[Any] = deque()
        self.changed = asyncio.Event()


class Waiters:
    """The waiters for events. To be made within the event loop."""

    def __init__(self) -> None:
        self._waiters: list[_Waiter] = []
        self._ended: Exception | None = None

    async def wait(self, event: str, suits: Callable[[Any], Awaitable[bool]], timeout: float | None) -> Any:
        """Waits for the first one that suits.

        Raises:
            TimeoutError: None came within so many seconds.
            ClientClosedError: None will come any more.
        """
        waiter = _Waiter(event)
        self._waiters.append(waiter)
        try:
            return await asyncio.wait_for(self._search(waiter, suits), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no {event} that suits came within {timeout} seconds") from None
        finally:
            self._waiters.remove(waiter)

    async def _search(self, waiter: _Waiter, suits: Callable[[Any], Awaitable[bool]]) -> Any:
        while True:
            while waiter.subjects:
                subject = waiter.subjects.popleft()
                if await suits(subject):
                    return subject
            if self._ended is not None:
                raise self._ended
            waiter.changed.clear()
            await waiter.changed.wait()

    def offer(self, event: str, subject: Any) -> None:
        """Shows it to all who wait for such an event."""
        for waiter in self._waiters:
            if waiter.event == event:
                waiter.subjects.append(subject)
                waiter.changed.set()

    def end(self, error: Exception) -> None:
        """Nothing will come any more."""
        self._ended = error
        for waiter in self._waiters:
            waiter.changed.set()

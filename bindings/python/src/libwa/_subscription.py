"""Those who wait for events, and where events go that nobody waits for. `_core` guards all of it by its lock."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ._event import Event
from .events import Connection, Overflow

Suits = Callable[[Event], bool]
#: Says of a connection that was given up whether that ends a wait.
EndsWith = Callable[[Connection], bool]


class Subscription:
    """Somebody who waits for certain events; each event goes to the first whom it suits.

    What it waits for may need a connection: `ends_with` then says of one that was given up whether that ends the wait.
    """

    def __init__(self, suits: Suits, ends_with: EndsWith | None = None) -> None:
        self.suits = suits
        #: The request that it is about; 0 if it is about none.
        self.request = 0
        #: Whether that is to link the session.
        self.pairs = False
        self._ends_with = ends_with
        #: The connection was given up, or the session ended. Whoever waits has to find out whether that holds.
        self.disconnected = False
        self.waiting: list[Callable[[], None]] = []
        self._events: deque[Event] = deque()

    @property
    def has_news(self) -> bool:
        """Whether there is something for whoever waits."""
        return self.disconnected or bool(self._events)

    def put(self, event: Event) -> None:
        self._events.append(event)
        self.notify()

    def pop(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def notify(self) -> None:
        for notify in tuple(self.waiting):
            notify()

    def unlisten(self, notify: Callable[[], None]) -> None:
        """Ends what `Core.listen` began. May be repeated."""
        with contextlib.suppress(ValueError):
            self.waiting.remove(notify)

    def hear(self, connection: Connection) -> None:
        """Takes note of a connection's state."""
        if connection.state == "disconnected" and self._ends_with is not None and self._ends_with(connection):
            self.disconnected = True
            self.notify()

    def hear_end(self) -> None:
        """Takes note of the session's end. An answer can come after it, but later than the end can be acknowledged."""
        if self._ends_with is not None or self.request:
            self.disconnected = True
            self.notify()


class Inbox(Subscription):
    """Where events go that nobody else waits for, until `events()` or `wait_for()` takes them.

    As in the library, the oldest droppable ones are dropped when too many wait, and an `Overflow` counts them. Those that are
    bounded have places of their own, so that no others take theirs.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(lambda event: True)
        self._capacity = capacity
        #: How many wait that may be dropped: first the others, then those that are bounded.
        self._droppable = [0, 0]
        self._lost: Overflow | None = None

    @property
    def has_news(self) -> bool:
        return self._lost is not None or bool(self._events)

    def put(self, event: Event) -> None:
        self._events.append(event)
        if event.droppable:
            self._droppable[event.bounded] += 1
            if self._droppable[event.bounded] > self._capacity:
                self._drop(event.bounded)
        self.notify()

    def _drop(self, bounded: bool) -> None:
        for index, event in enumerate(self._events):
            if event.droppable and event.bounded == bounded:
                del self._events[index]
                self._droppable[bounded] -= 1
                if self._lost is None:
                    self._lost = Overflow(event.id, event.client, 0, event.time, False, 0)
                self._lost = replace(self._lost, count=self._lost.count + 1)
                return

    def pop(self) -> Event | None:
        if self._lost is not None:
            lost, self._lost = self._lost, None
            return lost
        event = super().pop()
        if event is not None and event.droppable:
            self._droppable[event.bounded] -= 1
        return event

    def sort(self) -> None:
        """Puts the events into the order in which they happened."""
        self._events = deque(sorted(self._events, key=lambda event: event.id))

    def find(self, suits: Suits) -> Event | None:
        """Takes the first event that suits and leaves the others."""
        for index, event in enumerate(self._events):
            if suits(event):
                del self._events[index]
                if event.droppable:
                    self._droppable[event.bounded] -= 1
                return event
        return None


class Turn:
    """A thread that waits for events, and sleeps while another one takes them."""

    def __init__(self) -> None:
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self._thread = threading.get_ident()
        #: Who leads again after this one: what the handler of a signal has interrupted, in the same thread.
        self.under: Turn | None = None

    @property
    def is_mine(self) -> bool:
        """Whether it is this thread that waits."""
        return self._thread == threading.get_ident()

    def wake(self) -> None:
        """Ends the sleep, now or when it begins. May be repeated."""
        with contextlib.suppress(RuntimeError):
            self._asleep.release()

    def sleep(self, seconds: float | None) -> None:
        """Waits to be woken, for so many seconds at most. Signals are handled meanwhile."""
        self._asleep.acquire(timeout=-1 if seconds is None else min(max(seconds, 0), threading.TIMEOUT_MAX))

"""The waiters for events, and the inbox of events that nobody waits for. `_event_router` guards all of it by its lock.

The handler of a signal can do any of this in the midst of any other: see `_event_router`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace

from ._event import Event
from .events import Connection, Overflow

Suits = Callable[[Event], bool]
#: Says of a connection that was given up whether that ends a wait.
EndsWith = Callable[[Connection], bool]

# The interval, in seconds, at which a thread that sleeps with the lock let go checks whether it was woken.
_GLANCE = 0.005


class Subscription:
    """A waiter for certain events; each event goes to the first that it suits.

    What it waits for may need a connection: `ends_with` then says of one that was given up whether that ends the wait.
    """

    def __init__(self, suits: Suits, ends_with: EndsWith | None = None) -> None:
        self.suits = suits
        #: The request that it is about; 0 if it is about none.
        self.request = 0
        #: Set if that is to link the session.
        self.pairs = False
        self._ends_with = ends_with
        #: The connection was given up, or the session ended. Whoever waits has to find out whether that holds.
        self.disconnected = False
        self.waiting: list[Callable[[], None]] = []
        self._events: OrderedDict[int, Event] = OrderedDict()

    @property
    def has_news(self) -> bool:
        """True if there is something for whoever waits."""
        return self.disconnected or bool(self._events)

    def events(self) -> tuple[Event, ...]:
        """All that came and was not taken."""
        return tuple(self._events.values())

    def receive(self, event: Event, content: Iterable[tuple[int, Event]]) -> None:
        """Takes over an event out of its content, which is empty if it went somewhere already."""
        self._events.update(content)
        self._received(event)

    def move(self, event: Event, target: Subscription) -> None:
        """Gives an event to another one who waits for it, if it is still here."""
        number = (event.id,)
        # In one go, so that it can neither be lost nor be there twice.
        with contextlib.suppress(KeyError):
            target._events.update(zip(number, map(self._events.pop, number)))
            target._received(event)

    def _received(self, event: Event) -> None:
        self.notify()

    def pop(self) -> Event | None:
        try:
            return self._events.popitem(last=False)[1]
        except KeyError:
            return None

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
    """The inbox of events that nobody else waits for, until `events()` or `wait_for()` takes them.

    As in the library, the oldest droppable ones are dropped when too many wait, and an `Overflow` counts them. Those that are
    bounded have places of their own, so that no others take theirs.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(lambda event: True)
        self._capacity = capacity
        #: Those that may be dropped: first the others, then those that are bounded.
        self._droppable: tuple[OrderedDict[int, None], OrderedDict[int, None]] = (OrderedDict(), OrderedDict())
        self._lost: Overflow | None = None

    @property
    def has_news(self) -> bool:
        return self._lost is not None or bool(self._events)

    def _received(self, event: Event) -> None:
        if event.droppable:
            droppable = self._droppable[event.bounded]
            droppable[event.id] = None
            while len(droppable) > self._capacity:
                self._drop(droppable)
        self.notify()

    def _drop(self, droppable: OrderedDict[int, None]) -> None:
        """Drops the oldest that may be dropped."""
        try:
            number, _ = droppable.popitem(last=False)
            event = self._events.pop(number)
        except KeyError:
            return  # it was taken meanwhile
        if self._lost is None:
            self._lost = Overflow(event.id, event.client, 0, event.time, False, 0)
        self._lost = replace(self._lost, count=self._lost.count + 1)

    def pop(self) -> Event | None:
        if self._lost is not None:
            lost, self._lost = self._lost, None
            return lost
        event = super().pop()
        if event is not None:
            self._forget(event)
        return event

    def _forget(self, event: Event) -> None:
        if event.droppable:
            self._droppable[event.bounded].pop(event.id, None)

    def sort(self) -> None:
        """Puts the events into the order in which they happened."""
        while True:
            numbers = list(self._events)
            right = sorted(numbers)
            if numbers == right:
                return
            for number in right:
                with contextlib.suppress(KeyError):
                    self._events.move_to_end(number)

    def find(self, suits: Suits) -> Event | None:
        """Takes the first event that suits and leaves the others."""
        for event in self.events():
            if suits(event) and self._events.pop(event.id, None) is not None:
                self._forget(event)
                return event
        return None

    def give(self, subscription: Subscription, suits: Suits) -> None:
        """Gives the first event that suits to one who waits for it."""
        for event in self.events():
            if suits(event):
                self.move(event, subscription)
                self._forget(event)
                return


class Turn:
    """A thread that waits for events, and sleeps while another one takes them."""

    def __init__(self) -> None:
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self._thread = threading.get_ident()
        #: The waiter that leads again after this one: the one that the handler of a signal has interrupted, in the same thread.
        self.under: Turn | None = None

    @property
    def is_mine(self) -> bool:
        """True if it is this thread that waits."""
        return self._thread == threading.get_ident()

    def wake(self) -> None:
        """Ends the sleep, now or when it begins. May be repeated."""
        with contextlib.suppress(RuntimeError):
            self._asleep.release()

    def sleep(self, seconds: float | None, lock: threading.RLock) -> None:
        """Waits to be woken, for so many seconds at most. Signals are handled meanwhile.

        The lock is let go. Only the handler of a signal can hold it, if that interrupted what is done under it.
        """
        until = None if seconds is None else time.monotonic() + seconds
        released = threading.Condition(lock)
        while not self._asleep.acquire(blocking=False):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            try:
                released.wait(_GLANCE if left is None else min(left, _GLANCE))
            except RuntimeError:  # it is not held
                self._asleep.acquire(timeout=-1 if left is None else min(left, threading.TIMEOUT_MAX))
                return

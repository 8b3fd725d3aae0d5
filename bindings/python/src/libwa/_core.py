"""What both clients stand on: takes events out of the library and brings each to whoever waits for it.

No waiting happens here, and nothing is read before somebody wants it: until then events wait in the library, which bounds them.
"""

from __future__ import annotations

import ctypes
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from . import _bindings as c
from . import _native, errors
from ._event import Event, QrCode, UnknownEvent
from .events import MAKERS, Connection, LoggedOut, Overflow, Ready, Result

_BATCH = 64


def take(handle: int) -> Event:
    """The Python object of an event that was just polled, which is freed unless it is needed later."""
    event = ctypes.c_void_p(handle)
    owner: _native.EventHandle | None = None
    try:
        fields = json.loads(_native.json_of(event))
        make = MAKERS.get(fields["type"], UnknownEvent._make)
        made = make(fields)
        if made.durable or isinstance(made, (QrCode, UnknownEvent)):
            owner = _native.EventHandle(handle)
            # The class is frozen for those who get the event.
            object.__setattr__(made, "_handle", owner)
        return made
    finally:
        if owner is None:
            _native.free_event(event)


class Subscription:
    """Somebody who waits for certain events; each event goes to the first whom it suits."""

    def __init__(self, suits: Callable[[Event], bool]) -> None:
        self.suits = suits
        self.waiting: list[Callable[[], None]] = []
        self._events: deque[Event] = deque()

    def put(self, event: Event) -> None:
        self._events.append(event)
        self.notify()

    def pop(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def notify(self) -> None:
        for notify in self.waiting:
            notify()


class Inbox(Subscription):
    """Where events go that nobody else waits for, until `events()` or `wait_for()` takes them.

    As in the library, the oldest droppable ones are dropped when too many wait, and an `Overflow` counts them.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(lambda event: True)
        self._capacity = capacity
        self._droppable = 0
        self._lost: Overflow | None = None

    def put(self, event: Event) -> None:
        self._events.append(event)
        if event.droppable:
            self._droppable += 1
            if self._droppable > self._capacity:
                self._drop()
        self.notify()

    def _drop(self) -> None:
        for index, event in enumerate(self._events):
            if event.droppable:
                del self._events[index]
                self._droppable -= 1
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
            self._droppable -= 1
        return event

    def sort(self) -> None:
        """Puts the events into the order in which they happened."""
        self._events = deque(sorted(self._events, key=lambda event: event.id))

    def find(self, suits: Callable[[Event], bool]) -> Event | None:
        """Takes the first event that suits and leaves the others."""
        for index, event in enumerate(self._events):
            if suits(event):
                del self._events[index]
                self._droppable -= event.droppable
                return event
        return None


class Core:
    """One client of the library, and those who wait for its events."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self.handle = _native.ClientHandle(dict(config))
        self.inbox = Inbox(self.handle.capacity)
        #: No event will come any more.
        self.ended = False
        #: What went wrong when events were taken.
        self.fault: Exception | None = None
        #: The last login, while it lasts as far as is known.
        self.ready: Ready | None = None
        self._subscriptions: list[Subscription] = []
        self._answers: dict[int, Subscription] = {}

    def disconnect(self) -> None:
        self.handle.disconnect()
        self.ready = None

    def subscribe(self, suits: Callable[[Event], bool]) -> Subscription:
        subscription = Subscription(suits)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """What it did not take goes to whoever else wants it."""
        self._subscriptions.remove(subscription)
        self._give_back(subscription)

    def await_answer(self, request: int) -> Subscription:
        """A subscription to the `result` of a request; it ends with `forget_answer`."""
        return self._answers.setdefault(request, Subscription(lambda event: True))

    def forget_answer(self, request: int) -> None:
        self._give_back(self._answers.pop(request))

    def _give_back(self, subscription: Subscription) -> None:
        event = subscription.pop()
        while event is not None:
            self._route(event)
            event = subscription.pop()
        self.inbox.sort()

    def drain(self) -> None:
        """Takes what waits in the library, up to a number that keeps the program responsive."""
        if self.ended:
            return
        event = ctypes.c_void_p()
        try:
            for _ in range(_BATCH):
                status = self.handle.poll(event)
                if status == c.WA_OK:
                    self._route(take(event.value or 0))
                elif status == c.WA_TIMEOUT:
                    return
                elif status == c.WA_CLOSED:
                    self.end(None)
                    return
        except errors.InvalidHandleError:
            self.end(None)  # another thread has just freed it
        except Exception as fault:
            self.end(fault)

    def end(self, fault: Exception | None) -> None:
        self.ended = True
        self.fault = self.fault or fault
        for subscription in [self.inbox, *self._subscriptions, *self._answers.values()]:
            subscription.notify()

    def _route(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready = event
        elif isinstance(event, (Connection, LoggedOut)):
            self.ready = None
        if isinstance(event, Result) and event.request in self._answers:
            self._answers[event.request].put(event)
            return
        for subscription in self._subscriptions:
            if subscription.suits(event):
                subscription.put(event)
                return
        self.inbox.put(event)

"""What both clients stand on: takes events out of the library and brings each to whoever waits for it, in whatever thread.

No waiting happens here, and nothing is read before somebody wants it: until then events wait in the library, which bounds them.

One thread at a time takes events out of the library, the leader. Everything else that threads share is guarded by one lock, which
is held for moments only, and never across a wait. A request is made under that lock too, so that its answer cannot be routed
before somebody waits for it.
"""

from __future__ import annotations

import ctypes
import json
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from . import _bindings as c
from . import _native, errors
from ._event import Event, QrCode, UnknownEvent
from ._subscription import Inbox, Subscription, Suits, Turn
from ._texts import in_python
from ._waits import ends_login
from .events import MAKERS, Closed, Connection, LoggedOut, Overflow, Ready, Restricted, Result

_BATCH = 64

# Requests that link the session.
_PAIRINGS = ("wa_request_pairing", "wa_request_qr")


def take(handle: int) -> Event | None:
    """Returns the Python object of an event that was just polled. None if the event is freed already."""
    fields = json.loads(_native.json_of(ctypes.c_void_p(handle)))
    if fields is None:
        return None
    if isinstance(fields.get("text"), str):
        fields["text"] = in_python(fields["text"])
    make = MAKERS.get(fields["type"], UnknownEvent._make)
    return make(fields)


class Core:
    """One client of the library, and those who wait for its events."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self.handle = _native.ClientHandle(dict(config))
        self.inbox = Inbox(self.handle.capacity)
        #: No event will come any more.
        self.ended = False
        #: What went wrong when events were taken.
        self.fault: Exception | None = None
        #: The end of the session, if it came while this client lived.
        self.logged_out: LoggedOut | None = None
        #: Why there is no connection, or no session any more, if the server restricts the account or the client.
        self.restricted: Restricted | None = None
        #: The client's last event, once it has come.
        self.closed: Closed | None = None
        #: The last login, while it lasts as far as is known.
        self.ready: Ready | None = None
        #: What was last told of the connection.
        self.connection: Connection | None = None
        #: That events were dropped since then.
        self.lost: Overflow | None = None
        # The garbage collector may run code that needs it again while the same thread holds it.
        self._lock = threading.RLock()
        self._guard = _Guard(self._sweep)
        self._leader: Turn | None = None
        self._sleepers: list[Turn] = []
        self._subscriptions: list[Subscription] = []
        self._answers: dict[int, Subscription] = {}
        # Subscriptions whose events are to be given back.
        self._left: deque[Subscription] = deque()
        # The event that was taken out of the library last, until it is routed: a leader may be interrupted at any moment.
        self._in_hand = ctypes.c_void_p()
        self._made: Event | None = None
        self._last_id = 0
        _cores.add(self)

    def disconnect(self) -> None:
        self.handle.disconnect()
        with self._lock:
            self.ready = None

    # Those who wait.

    def subscribe(self, subscription: Subscription, *, look_back: bool = False) -> None:
        """Begins a wait. With `look_back`, the first event that suits of those that came already is taken too."""
        with self._lock, self._guard:
            found = self.inbox.find(subscription.suits) if look_back else None
            if found is not None:
                subscription.put(found)
            self._subscriptions.append(subscription)
            self._tell_state(subscription)

    def request(self, subscription: Subscription, function: str, *args: Any) -> int:
        """Makes a request, and begins the wait for its answer."""
        with self._lock, self._guard:
            number = subscription.request = self.handle.request(function, *args)
            subscription.pairs = function in _PAIRINGS
            self._answers[number] = subscription
            self._tell_state(subscription)
            return number

    def follow(self, subscription: Subscription, function: str, *args: Any) -> int:
        """Makes a request, and begins a wait for all its events, beside those that the subscription asks for."""
        with self._lock, self._guard:
            number = subscription.request = self.handle.request(function, *args)
            subscription.pairs = function in _PAIRINGS
            suits = subscription.suits

            def concerns(event: Event) -> bool:
                return event.request == number or suits(event)

            subscription.suits = concerns
            self._subscriptions.append(subscription)
            self._tell_state(subscription)
            return number

    def _tell_state(self, subscription: Subscription) -> None:
        if self.is_unlinked:
            subscription.hear_end()
        if self.connection is not None:
            subscription.hear(self.connection)

    @property
    def is_unlinked(self) -> bool:
        """Whether the session was ended while this client lived, and not by the program."""
        return self.logged_out is not None and self.logged_out.reason != "by_host"

    @property
    def is_pairing(self) -> bool:
        """Whether a request to link the session is under way."""
        with self._lock:
            return any(subscription.pairs for subscription in self._all())

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends a wait, if it began. What it did not take goes to whoever else wants it."""
        self._left.append(subscription)
        # The garbage collector may close what waits in the midst of something else: then that does it at its end.
        if not self._guard.is_mine:
            with self._lock, self._guard:
                pass

    def pop(self, subscription: Subscription) -> Event | None:
        """Takes the next event of a subscription."""
        with self._lock, self._guard:
            return subscription.pop()

    def find(self, suits: Suits) -> Event | None:
        """Takes the first event that suits of those that nobody waited for."""
        with self._lock, self._guard:
            return self.inbox.find(suits)

    def listen(self, subscription: Subscription, notify: Callable[[], None]) -> bool:
        """Has `notify` called at the next event of a subscription, by the thread that brings it. False if one is there already."""
        with self._lock, self._guard:
            if subscription.has_news or self.ended:
                return False
            subscription.waiting.append(notify)
            return True

    def _sweep(self) -> None:
        returned = False
        while self._left:
            subscription = self._left.popleft()
            if self._answers.get(subscription.request) is subscription:
                del self._answers[subscription.request]
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
            event = subscription.pop()
            while event is not None:
                self._target(event).put(event)
                returned = True
                event = subscription.pop()
        if returned:
            self.inbox.sort()

    def _all(self) -> list[Subscription]:
        return [*self._subscriptions, *self._answers.values()]

    # The leader.

    def wait(self, subscription: Subscription, seconds: float | None, sleep: Callable[[float | None], None]) -> None:
        """Comes back when there may be something for the subscription, and after that time at the latest.

        The leader waits by `sleep`, which ends when the library has an event, and takes it. The others sleep until the leader
        brings theirs, or has its own and leaves.
        """
        turn = Turn()
        wake = turn.wake
        try:
            if not self.listen(subscription, wake):
                return
            with self._lock:
                if not self._take_lead(turn):
                    self._sleepers.append(turn)
            if self._leader is turn:
                self._lead(subscription, seconds, sleep)
            else:
                turn.sleep(seconds)
        finally:
            # The handler of a signal may raise at any moment, here too; then the others would wait for ever.
            try:
                self._leave(turn)
                subscription.unlisten(wake)
            finally:
                self._leave(turn)
                subscription.unlisten(wake)

    def _lead(self, subscription: Subscription, seconds: float | None, sleep: Callable[[float | None], None]) -> None:
        until = None if seconds is None else time.monotonic() + seconds
        while not (subscription.has_news or self.ended):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            sleep(left)
            self._take_all()

    def drain(self) -> None:
        """Takes what waits in the library, unless another thread is about to."""
        turn = Turn()
        try:
            with self._lock:
                self._take_lead(turn)
            if self._leader is turn:
                self._take_all()
        finally:
            try:
                self._leave(turn)
            finally:
                self._leave(turn)

    def _take_lead(self, turn: Turn) -> bool:
        """Makes this thread the leader, unless another one is. The handler of a signal leads in place of what it interrupts."""
        if self._leader is not None and not self._leader.is_mine:
            return False
        turn.under = self._leader
        self._leader = turn
        return True

    def _leave(self, turn: Turn) -> None:
        """Ends the wait of a thread, and lets another one lead if nobody does. May be repeated."""
        with self._lock:
            if self._leader is turn:
                self._leader = turn.under
            if turn in self._sleepers:
                self._sleepers.remove(turn)
            if self._leader is None and self._sleepers:
                self._sleepers[0].wake()

    def _take_all(self) -> None:
        """Takes what waits in the library, up to a number that keeps the program responsive."""
        for _ in range(_BATCH):
            if self.ended:
                return
            if not self._in_hand.value:
                try:
                    status = self.handle.poll(self._in_hand)
                except errors.InvalidHandleError:
                    self.end(None)  # another thread has just freed it
                    return
                except errors.Error as fault:
                    self.end(fault)
                    return
                if status == c.WA_TIMEOUT:
                    return
                if status == c.WA_CLOSED:
                    self.end(None)
                    return
            handle = self._in_hand.value
            if handle:
                if self._made is None:
                    try:
                        self._made = take(handle)
                    except (LookupError, TypeError, ValueError) as fault:
                        self.end(fault)
                        return
                self._deliver(self._made, handle)
                self._made = None
                self._in_hand.value = None

    def _deliver(self, event: Event | None, handle: int) -> None:
        """Brings an event to whoever waits for it, once."""
        with self._lock, self._guard:
            if event is None or event.id <= self._last_id:
                return
            if event._handle is None and (event.durable or isinstance(event, (QrCode, UnknownEvent))):
                # The class is frozen for those who get the event.
                object.__setattr__(event, "_handle", _native.EventHandle(handle))
            self._learn(event)
            target = self._target(event)
            # The handler of a signal may have called the client just now, and so brought it already.
            if event.id > self._last_id:
                target.put(event)
                self._last_id = event.id
        if event._handle is None:
            _native.free_event(handle)

    def end(self, fault: Exception | None) -> None:
        """Says that no event will come any more."""
        with self._lock, self._guard:
            self.ended = True
            self.fault = self.fault or fault
            for subscription in [self.inbox, *self._all()]:
                subscription.notify()

    def free(self, limit: float) -> None:
        """Frees the client as soon as no thread takes events from it, and after `limit` seconds at the latest."""
        self.end(None)
        self.handle.wake()
        turn = Turn()
        with self._lock:
            waits = self._leader is not None and not self._leader.is_mine
            if waits:
                self._sleepers.insert(0, turn)
        if waits:
            turn.sleep(limit)
        self.handle.free()
        self._leave(turn)

    def _learn(self, event: Event) -> None:
        """Takes note of what an event says of the session's state."""
        if isinstance(event, Ready):
            self.ready = event
            self.restricted = None
        elif isinstance(event, Restricted):
            if ends_login(event):
                self.restricted = event
        elif isinstance(event, Closed):
            self.closed = event
        elif isinstance(event, Overflow):
            self.lost = event
        elif isinstance(event, Connection):
            self.ready = self.lost = None
            self.connection = event
            for subscription in self._all():
                subscription.hear(event)
        elif isinstance(event, LoggedOut) and not event.redelivered:
            self.ready = None
            self.logged_out = event
            if event.reason != "by_host":
                for subscription in self._all():
                    subscription.hear_end()

    def _target(self, event: Event) -> Subscription:
        """Who waits for an event."""
        if isinstance(event, Result) and event.request in self._answers:
            return self._answers[event.request]
        for subscription in tuple(self._subscriptions):
            if subscription.suits(event):
                return subscription
        return self.inbox

    def after_fork(self) -> None:
        """Does away with a lock that a thread may have held which this process has not."""
        self._lock = threading.RLock()
        self._guard = _Guard(self._sweep)
        self._leader = None
        self._sleepers.clear()


class _Guard:
    """Gives back the events of those who left, at the end of what is done under the lock."""

    def __init__(self, sweep: Callable[[], None]) -> None:
        self._sweep = sweep
        self._thread: int | None = None

    @property
    def is_mine(self) -> bool:
        """Whether this thread is in the midst of what is guarded."""
        return self._thread == threading.get_ident()

    def __enter__(self) -> None:
        self._thread = threading.get_ident()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._sweep()
        self._thread = None


_cores: weakref.WeakSet[Core] = weakref.WeakSet()


def _after_fork() -> None:
    for core in list(_cores):
        core.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

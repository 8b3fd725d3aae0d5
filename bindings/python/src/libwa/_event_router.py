"""The event router of both clients: takes events out of the library and brings each to whoever waits for it, in whatever thread.

No waiting happens here, and nothing is read before a caller wants it: until then events wait in the library, which bounds them.

One thread at a time takes events out of the library, the leader. Everything else that threads share is guarded by one lock, which
is held for moments only. A request is made under that lock too, so that its answer cannot be routed before a caller waits for it.

The handler of a signal runs between any two steps of the main thread. It may raise, and it may call the client, which then does
the same work inside of the interrupted one: takes the lead, and brings what the interrupted leader holds. So each change here
is one that may be done again, or one operation of a dictionary or list.
"""

from __future__ import annotations

import contextlib
import operator
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from . import _bindings as c
from . import _native, errors
from ._event import Event
from ._hand import Hand
from ._state import TELLS_STATE, State
from ._subscription import Inbox, Subscription, Suits, Turn
from .events import Connection, LoggedOut, Result

T = TypeVar("T")

_BATCH = 64

# Requests that link the session.
_PAIRINGS = ("wa_request_pairing", "wa_request_qr")

# So many states are kept, of which the one after the latest event holds.
_STATES = 8


class Core:
    """One client of the library, and those who wait for its events."""

    def __init__(self, config: Mapping[str, str]) -> None:
        self.handle = _native.ClientHandle(dict(config))
        self.inbox = Inbox(self.handle.capacity)
        #: No event will come any more.
        self.ended = False
        #: The error that taking events ended with.
        self.fault: Exception | None = None
        self._states: deque[State] = deque([State()], maxlen=_STATES)
        # The garbage collector may run code that needs it again while the same thread holds it.
        self._lock = threading.RLock()
        self._guard = _Guard(self._sweep)
        self._leader: Turn | None = None
        self._sleepers: list[Turn] = []
        self._subscriptions: list[Subscription] = []
        self._answers: dict[int, Subscription] = {}
        # Subscriptions whose events are to be given back.
        self._left: deque[Subscription] = deque()
        # Events that were taken out of the library, until each is where it belongs.
        self._hands: deque[Hand] = deque()
        # Those whose request is being made. What comes of a request meanwhile that nobody waits for is put aside for them.
        self._asking: list[Subscription] = []
        self._aside = Subscription(lambda event: True)
        _cores.add(self)

    @property
    def state(self) -> State:
        """The known state of the session."""
        # A leader that was interrupted adds one that is out of date; of equal ones the last holds.
        states = tuple(self._states)
        return states[0] if len(states) == 1 else max(reversed(states), key=_number)

    def disconnect(self) -> None:
        self.handle.disconnect()
        with self._lock:
            self._states.append(self.state.without_login())

    # Those who wait.

    def subscribe(self, subscription: Subscription, *, look_back: bool = False) -> None:
        """Begins a wait. With `look_back`, the first event that suits of those that came already is taken too."""
        with self._lock, self._guard:
            if look_back:
                self.inbox.give(subscription, subscription.suits)
            self._subscriptions.append(subscription)
            self._tell_state(subscription)

    def request(self, subscription: Subscription, function: str, *args: Any) -> None:
        """Makes a request, and begins the wait for its answer."""
        with self._lock, self._guard:
            self._asking.append(subscription)
            try:
                self._answers[self._ask(subscription, function, *args)] = subscription
            finally:
                self._asked(subscription)
            self._tell_state(subscription)

    def follow(self, subscription: Subscription, function: str, *args: Any) -> None:
        """Makes a request, and begins a wait for all its events, beside those that the subscription asks for."""
        suits = subscription.suits

        def concerns(event: Event) -> bool:
            return event.request == subscription.request or suits(event)

        with self._lock, self._guard:
            self._asking.append(subscription)
            try:
                self._ask(subscription, function, *args)
                subscription.suits = concerns
                self._subscriptions.append(subscription)
            finally:
                self._asked(subscription)
            self._tell_state(subscription)

    def _ask(self, subscription: Subscription, function: str, *args: Any) -> int:
        number = subscription.request = self.handle.request(function, *args)
        subscription.pairs = function in _PAIRINGS
        return number

    def _asked(self, subscription: Subscription) -> None:
        """Takes what came of a request before the wait for it had begun."""
        for event in self._aside.events():
            if event.request == subscription.request:
                self._aside.move(event, subscription)
        _discard(self._asking, subscription)

    def _tell_state(self, subscription: Subscription) -> None:
        state = self.state
        if state.is_unlinked:
            subscription.hear_end()
        if state.connection is not None:
            subscription.hear(state.connection)

    @property
    def is_pairing(self) -> bool:
        """True if a request to link the session is under way."""
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
            subscription.waiting.append(notify)
            if subscription.has_news or self.ended:
                subscription.unlisten(notify)
                return False
            return True

    def _sweep(self) -> None:
        if not (self._left or self._aside.has_news):
            return
        returned = False
        for subscription in (*self._left, self._aside):
            if subscription is not self._aside:
                self._answers.pop(subscription.request, None)
                _discard(self._subscriptions, subscription)
            for event in subscription.events():
                subscription.move(event, self._target(event))
                returned = True
            _discard(self._left, subscription)
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
                turn.sleep(seconds, self._lock)
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
                if turn.under is not None:
                    self.handle.wake()  # what it is about to wait for may have been brought
            if turn in self._sleepers:
                self._sleepers.remove(turn)
            if self._leader is None and self._sleepers:
                self._sleepers[0].wake()

    def _take_all(self) -> None:
        """Takes what waits in the library, up to a number that keeps the program responsive."""
        # Events that an interrupted leader has taken come first.
        self._bring_all()
        for _ in range(_BATCH):
            if self.ended or not self._take():
                return
            self._bring_all()

    def _take(self) -> bool:
        """Takes an event out of the library. False if there is none."""
        hand = Hand()
        try:
            self._hands.append(hand)
            status = self.handle.poll(hand.taken)
        except errors.InvalidHandleError:
            self.end(None)  # another thread has just freed it
            return False
        except errors.Error as fault:
            self.end(fault)
            return False
        finally:
            if hand.taken.is_empty:
                _discard(self._hands, hand)
        if status == c.WA_CLOSED:
            self.end(None)
        return status not in (c.WA_TIMEOUT, c.WA_CLOSED)

    def _bring_all(self) -> None:
        hands = [hand for hand in tuple(self._hands) if not hand.taken.is_empty]
        try:
            # There is more than one only if one that was interrupted by another had to be left.
            if len(hands) > 1:
                hands.sort(key=lambda hand: hand.event.id)
            for hand in hands:
                self._bring(hand)
        except (LookupError, TypeError, ValueError) as fault:
            self.end(fault)

    def _bring(self, hand: Hand) -> None:
        """Brings an event to whoever waits for it."""
        event = hand.event
        with self._lock, self._guard:
            self._learn(event)
            self._target(event).receive(event, hand.content)
            hand.release()
            _discard(self._hands, hand)

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
            turn.sleep(limit, self._lock)
        self.handle.free()
        self._leave(turn)

    def _learn(self, event: Event) -> None:
        """Takes note of what an event says of the session's state."""
        if not isinstance(event, TELLS_STATE):
            return
        state = self.state
        after = state.after(event)
        if after is not state:
            self._states.append(after)
        if isinstance(event, Connection):
            for subscription in self._all():
                subscription.hear(event)
        elif isinstance(event, LoggedOut) and after.is_unlinked:
            for subscription in self._all():
                subscription.hear_end()

    def _target(self, event: Event) -> Subscription:
        """Waits for an event."""
        if isinstance(event, Result) and event.request in self._answers:
            return self._answers[event.request]
        if event.request and self._asking and all(event.request != each.request for each in self._all()):
            return self._aside
        for subscription in tuple(self._subscriptions):
            if subscription.suits(event):
                return subscription
        return self.inbox

    @property
    def is_locked(self) -> bool:
        """True if this thread holds the lock: it is in the handler of a signal, which interrupted what is done under it."""
        try:
            threading.Condition(self._lock).notify(0)
        except RuntimeError:
            return False
        return True

    def unlock(self) -> None:
        """Lets go of the lock: the handler of a signal that raises behind a `with` block can keep that from doing it."""
        while self.is_locked:
            self._lock.release()

    def after_fork(self) -> None:
        """Does away with a lock that a thread may have held which this process has not."""
        self._lock = threading.RLock()
        self._guard = _Guard(self._sweep)
        self._leader = None
        self._sleepers.clear()


_number = operator.attrgetter("number")


def _discard(things: deque[T] | list[T], thing: T) -> None:
    with contextlib.suppress(ValueError):
        things.remove(thing)


class _Guard:
    """Gives back the events of those who left, at the end of what is done under the lock."""

    def __init__(self, sweep: Callable[[], None]) -> None:
        self._sweep = sweep
        self._thread: int | None = None

    @property
    def is_mine(self) -> bool:
        """True if this thread is in the midst of what is guarded."""
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

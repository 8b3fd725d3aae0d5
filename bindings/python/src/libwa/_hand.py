"""An event on its way from the library to whoever waits for it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ._event import Event, QrCode, UnknownEvent
from ._native import EventHandle, Taken
from ._texts import in_python
from .events import MAKERS


def event_of(taken: Taken) -> Event | None:
    """Returns the Python object of an event that was taken. None if the event is freed already."""
    fields = json.loads(taken.json())
    if fields is None:
        return None
    if isinstance(fields.get("text"), str):
        fields["text"] = in_python(fields["text"])
    event = MAKERS.get(fields["type"], UnknownEvent._make)(fields)
    if event.durable or isinstance(event, (QrCode, UnknownEvent)):
        # The class is frozen for those who get the event.
        object.__setattr__(event, "_handle", EventHandle(taken))
    return event


class Hand:
    """Takes one event out of the library and gives it away once, even if what holds it is interrupted and done again."""

    def __init__(self) -> None:
        self.taken = Taken()
        # The first entry is the event: the making of one may be interrupted by that of another.
        self._made: list[_Made] = []

    @property
    def event(self) -> Event:
        """The event, which must have been taken."""
        return self._opened.event

    @property
    def content(self) -> Iterator[tuple[int, Event]]:
        """The event by its number: it comes out of this once, whoever asks."""
        return self._opened.content

    def release(self) -> None:
        """Lets go of the library's event, which belongs to the Python object from now on if that needs it."""
        handle = self.event._handle
        if handle is None:
            self.taken.free()
        else:
            handle.is_owned = True

    @property
    def _opened(self) -> _Made:
        if not self._made:
            event = event_of(self.taken)
            if event is not None:
                self._made.append(_Made(event))
        return self._made[0]


class _Made:
    def __init__(self, event: Event) -> None:
        self.event = event
        self.content = iter(((event.id, event),))

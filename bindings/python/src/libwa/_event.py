"""The base of all events, and what some have beside their fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ._error import Error, error_for
from ._native import EventHandle
from ._record import Record
from ._time import as_time


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Event(Record):
    """Something that happened to a client. `libwa.events` has a class for each type.

    Attributes:
        id: Number of the event, strictly increasing for each client.
        client: The number of the client it comes from.
        request: The request it belongs to, 0 if to none.
        time: When it happened.
        redelivered: Whether an earlier run of the program got it already and did not acknowledge it.
    """

    type: ClassVar[str] = ""
    number: ClassVar[int] = 0
    #: Set if it stays in the store, across restarts, until it is acknowledged.
    durable: ClassVar[bool] = False
    #: Set if it may be dropped when nobody takes events.
    droppable: ClassVar[bool] = False
    #: Set if, of the droppable ones, it makes room for others of its kind only: it matters, and anybody can cause it.
    bounded: ClassVar[bool] = False
    # The library's event, for those that need it later: durable ones and QR codes. Set when the event is taken.
    _handle: ClassVar[EventHandle | None] = None

    id: int
    client: int
    request: int
    time: datetime
    redelivered: bool

    def ack(self) -> None:
        """Says that the event is dealt with and need not come again. May be repeated.

        `events()` does it by itself after the body of the loop. Only durable events need it.
        """
        if self._handle is not None:
            self._handle.ack()

    def _reason(self) -> str | None:
        """The advice, and in parentheses the server's words or what exactly went wrong."""
        advice, detail = getattr(self, "user_text", None), getattr(self, "text", None)
        return f"{advice} ({detail})" if advice and detail else advice or detail

    def _error(self) -> Error | None:
        code = getattr(self, "status", 0)
        if code < 100:
            return None
        wait = getattr(self, "retry_after", None)
        return error_for(
            code,
            self._reason(),
            key=getattr(self, "key", None),
            retryable=getattr(self, "retryable", None),
            retry_after=wait or None,
            event=self,
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class UnknownEvent(Event):
    """An event of a type that this version of the package does not know. Skip it.

    Attributes:
        name: The dotted name of its type.
        fields: All its fields, as they stand in its JSON object.
    """

    name: str
    fields: dict[str, Any]

    def __init__(
        self, id: int, client: int, request: int, time: datetime, redelivered: bool, name: str, fields: dict[str, Any]
    ) -> None:
        self.__dict__.update(id=id, client=client, request=request, time=time, redelivered=redelivered, name=name, fields=fields)

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(o["id"], o["client"], o["request"], as_time(o["time_ms"]), o["redelivered"], o["type"], o)


class QrCode:
    """The drawings of a QR code, all with the quiet margin that scanners need."""

    _handle: ClassVar[EventHandle | None] = None

    def terminal(self) -> str:
        """Lines of block characters, for a terminal with a dark background."""
        return self._image("text").decode()

    def svg(self) -> str:
        """A vector image."""
        return self._image("svg").decode()

    def png(self) -> bytes:
        """A black and white image."""
        return self._image("png")

    def _image(self, form: str) -> bytes:
        if self._handle is None:
            raise ValueError("this event was made by hand: only one that came from the library can be drawn")
        return self._handle.qr_image(form)

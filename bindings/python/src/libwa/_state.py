"""The state of a client's session, by the events that told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ._event import Event
from ._waits import ends_login
from .events import Closed, Connection, LoggedOut, Overflow, Ready, Restricted

#: Events that say something of it.
TELLS_STATE = (Ready, Restricted, Closed, Overflow, Connection, LoggedOut)


@dataclass(frozen=True)
class State:
    """The session after one event."""

    #: The number of the event.
    number: int = 0
    #: The end of the session, if it came while this client lived.
    logged_out: LoggedOut | None = None
    #: The reason why there is no connection, or no session any more, if the server restricts the account or the client.
    restricted: Restricted | None = None
    #: The client's last event, once it has come.
    closed: Closed | None = None
    #: The last login, while it lasts as far as is known.
    ready: Ready | None = None
    #: The last event of the connection.
    connection: Connection | None = None
    #: Set if events were dropped since then.
    lost: Overflow | None = None

    @property
    def is_unlinked(self) -> bool:
        """True if the session was ended while this client lived, and not by the program."""
        return self.logged_out is not None and self.logged_out.reason != "by_host"

    def without_login(self) -> State:
        """The same, while the connection is given up."""
        return replace(self, ready=None)

    def after(self, event: Event) -> State:
        """The state after one more event: this object if the event says nothing of it, or is an older one."""
        if event.id <= self.number:
            return self
        if isinstance(event, Ready):
            return replace(self, number=event.id, ready=event, restricted=None)
        if isinstance(event, Restricted) and ends_login(event):
            return replace(self, number=event.id, restricted=event)
        if isinstance(event, Closed):
            return replace(self, number=event.id, closed=event)
        if isinstance(event, Overflow):
            return replace(self, number=event.id, lost=event)
        if isinstance(event, Connection):
            return replace(self, number=event.id, ready=None, lost=None, connection=event)
        if isinstance(event, LoggedOut) and not event.redelivered:
            return replace(self, number=event.id, ready=None, logged_out=event)
        return self

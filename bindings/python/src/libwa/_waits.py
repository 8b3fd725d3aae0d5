"""The events that end a wait, and its errors. Events that an earlier run left in the store end nothing that began now."""

from __future__ import annotations

from datetime import datetime, timezone

from . import errors
from ._error import Error, error_for
from ._event import Event, UnknownEvent
from .events import (
    Closed,
    Connection,
    Log,
    LoggedOut,
    Overflow,
    PairingExpired,
    PairingFailed,
    Ready,
    Restricted,
    Result,
)

# Restrictions that end a login, with what they are as errors; a time lock, say, does not.
_RESTRICTIONS: dict[str, type[Error]] = {
    "temporary_ban": errors.TemporarilyBannedError,
    "account_banned": errors.AccountBannedError,
    "account_locked": errors.AccountLockedError,
    "client_outdated": errors.ClientOutdatedError,
    "version_refused": errors.VersionRefusedError,
    "rate_limit": errors.RateLimitedError,
    "pairing_refused": errors.CodeRefusedError,
}

# The reasons of the account for the end of the session, as errors; all other reasons end only its link.
_LOGOUTS: dict[str, type[Error]] = {
    "account_banned": errors.AccountBannedError,
    "account_locked": errors.AccountLockedError,
}

# Events that come without a connection too.
_LOCAL = (Closed, Connection, Log, Overflow, Result, UnknownEvent)


def ends_login(event: Event) -> bool:
    """Returns whether the event is what a login can come to."""
    if isinstance(event, Restricted):
        return event.kind in _RESTRICTIONS and not event.redelivered
    if isinstance(event, LoggedOut):
        return not event.redelivered
    return isinstance(event, Ready)


def is_trouble(event: Event) -> bool:
    """Returns whether the event says why there is no connection just now, while another attempt will be made."""
    return isinstance(event, Connection) and event.state == "reconnecting" and event.status != 0


def explains(event: Restricted, connection: Connection | None) -> bool:
    """Returns whether the event, which ends a login, says more of why that connection was given up."""
    return connection is not None and _RESTRICTIONS[event.kind].code == connection.status


def is_over(event: Event, linked: bool) -> bool:
    """Returns whether the event is of an earlier run, and what it tells of holds no longer."""
    if not event.redelivered:
        return False
    if isinstance(event, Restricted):
        return event.ends_at is None or event.ends_at <= datetime.now(timezone.utc)
    return isinstance(event, LoggedOut) and linked


def any_end(connection: Connection) -> bool:
    """Ends waits for a login: every connection that was given up does."""
    return True


def with_a_reason(connection: Connection) -> bool:
    """Ends waits for what comes from the server: a connection that the program itself gave up may come again."""
    return connection.is_final and connection.status != 0


def comes_without_connection(kinds: tuple[type[Event], ...]) -> bool:
    """Returns whether one of these events can come while there is no connection."""
    return any(issubclass(local, kind) for local in _LOCAL for kind in kinds)


def failure(event: Event, connection: Connection | None = None) -> Error:
    """Returns the exception for an event that ended a pairing or a login, which the exception holds.

    `connection` is what was last told of the connection, for an event that does not say to the programmer why there is none.
    """
    if isinstance(event, LoggedOut):
        return _LOGOUTS.get(event.reason, errors.LoggedOutError)(event._reason(), event=event)
    if isinstance(event, Restricted):
        left = None if event.ends_at is None else (event.ends_at - datetime.now(timezone.utc)).total_seconds()
        again = left is not None and left > 0
        kind = _RESTRICTIONS[event.kind]
        reason = connection.text if connection is not None and connection.status == kind.code else None
        # The connection's text has the end of a ban in it.
        text = reason or event.user_text
        if reason is None and event.ends_at is not None:
            text = f"{text.rstrip('.')}, until {in_utc(event.ends_at)}"
        return kind(text, retryable=again or None, retry_after=left if again else None, event=event)
    if isinstance(event, (PairingExpired, PairingFailed, Result, Closed)) and event.error is not None:
        error = event.error
        reason = connection.text if connection is not None and connection.status else None
        if isinstance(error, errors.NotConnectedError) and reason and reason not in error.text:
            return error_for(
                error.code,
                f"{error.text.rstrip('.')}: {reason}",
                retryable=error.retryable,
                retry_after=error.retry_after,
                event=event,
            )
        return error
    return errors.ClientClosedError(event=event)


def in_utc(moment: datetime) -> str:
    """Returns a moment as people read it."""
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def given_up(connection: Connection | None) -> Error:
    """Returns the exception for a connection that was given up, or never asked for."""
    error = None if connection is None else connection._error()
    if error is not None:
        return error
    text = "there is no connection, and no attempt is made to get one before `connect()` is called"
    return errors.NotConnectedError(text, event=connection)


def late(seconds: float | None, connection: Connection | None) -> TimeoutError:
    """Returns the exception for a wait that took too long, with what is wrong with the connection, if something is."""
    text = f"no such event came within {seconds} seconds"
    if connection is not None and connection.status and connection.text:
        text += f"; there is no connection: {connection.text}"
    return TimeoutError(text)

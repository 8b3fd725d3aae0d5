"""Times and durations: Python has `datetime` and seconds, the library milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)


def as_time(ms: int) -> datetime:
    """The time that is so many milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def maybe_time(ms: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if ms is None else as_time(ms)


def maybe_seconds(ms: int | None) -> float | None:
    """A duration in seconds, where there may be none."""
    return None if ms is None else ms / 1000


def time_of_seconds(seconds: int | None) -> datetime | None:
    """A time that a sender wrote as seconds after 1970; None if there is none, or none that Python has a `datetime` for."""
    try:
        return None if seconds is None else _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def to_ms(value: datetime | float | None) -> int | None:
    """A time or a duration as the library takes it. A time without a zone is one of this machine's."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc) - _EPOCH) // _MILLISECOND
    return round(value * 1000)

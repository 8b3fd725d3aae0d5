"""Tells failures of a handler's own from those that come of the client's end: what these left undone comes again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .. import errors
from .._client import Client
from .._error import Error
from .._waits import with_a_reason

# Failures of the store itself. The others of their family are about what was asked for: a session, a file, a key.
_STORE = (errors.StoreFullError, errors.StoreReadOnlyError, errors.StoreCorruptError)


async def comes_of_the_end(error: BaseException, client: Client) -> bool:
    """Returns whether a failure comes of the client's end: it is closed, its connection is given up, or its store fails.

    A connection that the program gave up by itself is no end. The failure counts too if it was
    raised from, or while dealing with, one that does.
    """
    found = [each for each in _chain(error) if isinstance(each, Error)]
    if not found:
        return False
    if any(type(each) is errors.StoreError or isinstance(each, _STORE) for each in found):
        return True
    core = client._core
    # An answer can come before the event that says why there is no connection; that one has come once this is answered.
    with contextlib.suppress(Error):
        await client._state()
    if core.ended or core.state.logged_out is not None or any(isinstance(each, errors.ClientClosedError) for each in found):
        return True
    return core.state.connection is not None and with_a_reason(core.state.connection)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception, those that it came of, and those that are grouped in it."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        grouped: tuple[BaseException, ...] = getattr(each, "exceptions", ())
        left += [other for other in (each.__cause__, each.__context__, *grouped) if isinstance(other, BaseException)]

"""Takes a session away: from the phone's list, and from its store."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from .. import errors
from .. import events as library
from .._client import Client
from .options import Options
from .run import client_for


@contextlib.asynccontextmanager
async def opened(options: Options) -> AsyncGenerator[Client | None, None]:
    """The client of a session that is kept in a file; None when there is no such file."""
    if "store.url" not in options.library and not options.session_file.exists():
        yield None
        return
    client = client_for(options)
    try:
        yield client
    finally:
        await client.close()


async def log_out(client: Client, seconds: float) -> bool:
    """Unlinks the device, and says whether WhatsApp could be told within this time. The keys are erased all the same."""
    client.connect()
    with contextlib.suppress(TimeoutError, errors.Error):
        await client.ready(seconds)
    try:
        await client.logout()
        event = await client.wait_for(library.LoggedOut, seconds)
    except (TimeoutError, errors.Error):
        return False
    event.ack()
    return not event.may_be_listed


async def clear(options: Options, seconds: float) -> bool:
    """Unlinks a session and erases it; says whether nothing of it is left on the phone either."""
    gone = True
    async with opened(options) as client:
        if client is not None and client.is_linked:
            gone = await log_out(client, seconds)
    await erase(options)
    return gone


async def erase(options: Options) -> None:
    """Erases a session from its store, without a word to WhatsApp.

    The store itself stays, since it knows when codes were asked for: a number that was given its ration gets no more for that.
    """
    async with opened(options) as client:
        if client is not None:
            await client.session.erase()
    for file in (options.state_file, options.state_file.with_name(f"{options.state_file.name}.new")):
        file.unlink(missing_ok=True)

"""The actions in a chat, and on a message of one's own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable
from datetime import datetime
from typing import Any

from .. import errors
from .._client import Client
from .later import sends

# The "typing…" that others see fades after some 20 seconds unless it is said again.
_TYPING_SECONDS = 10.0

#: Gives the id for the next message to be sent; None for one that the library chooses.
Ids = Callable[[], "str | None"]


def derived_ids(*cause: str) -> Ids:
    """Ids that follow from what caused the messages: the same cause gives the same ids, in the same order.

    The library sends nothing twice under one id, so an answer that went out before a crash is not sent again after it.
    """
    count = 0

    def next_id() -> str:
        nonlocal count
        count += 1
        digest = hashlib.sha256("\0".join([*cause, str(count)]).encode()).hexdigest()
        # The form that web clients give their ids.
        return f"3EB0{digest[:18].upper()}"

    return next_id


def any_ids() -> str | None:
    """Leaves the choice of ids to the library."""
    return None


class Sent:
    """A message that the bot has sent: WhatsApp has it.

    Attributes:
        id: The message's id.
        chat: The JID of the chat it went to.
        sent_at: WhatsApp's time for it.
    """

    def __init__(self, client: Client, id: str, chat: str, sent_at: datetime, ids: Ids) -> None:
        self.id = id
        self.chat = chat
        self.sent_at = sent_at
        self._client = client
        self._ids = ids

    def __repr__(self) -> str:
        return f"<Sent {self.id}>"

    @sends
    async def edit(self, text: str) -> None:
        """Gives it a new text. Official clients take edits for 20 minutes."""
        await self._client.message.edit(chat=self.chat, target=self.id, text=text, message_id=self._ids())

    @sends
    async def delete(self) -> None:
        """Deletes it for everybody."""
        await self._client.message.delete(chat=self.chat, target=self.id, message_id=self._ids())

    @sends
    async def react(self, emoji: str) -> None:
        """Reacts to it; an empty text takes the reaction back."""
        await self._client.message.react(chat=self.chat, target=self.id, emoji=emoji, from_me=True, message_id=self._ids())


class Chat:
    """A conversation, by its JID: `bot.chat(jid)`."""

    def __init__(self, client: Client, jid: str, ids: Ids = any_ids) -> None:
        self.jid = jid
        self._client = client
        self._ids = ids

    @sends
    async def send(
        self,
        text: str,
        *,
        mentions: Iterable[str] | None = None,
        quote: dict[str, Any] | None = None,
        message_id: str | None = None,
    ) -> Sent:
        """Sends a text, and comes back when WhatsApp has it. Without a connection it waits for one, across restarts too.

        Args:
            text: The text, at most 65,536 characters.
            mentions: The JIDs of those who are mentioned; the text has `@` and the number of each.
            quote: The message that it answers: `message_id`, `sender` and `text`.
            message_id: An id of your own choice. What was sent under it already is not sent again.
        """
        done = await self._client.message.send(
            chat=self.jid,
            text=text,
            quote=quote,
            mentions=None if mentions is None else list(mentions),
            message_id=message_id or self._ids(),
        )
        return Sent(self._client, done.message_id, done.chat, done.sent_at, self._ids)

    @sends
    async def poll(self, question: str, options: Iterable[str], *, selectable: int = 1) -> Sent:
        """Asks the others to choose among 2 to 12 answers; `selectable` says how many each may choose, 0 for any number."""
        done = await self._client.poll.send(
            chat=self.jid, question=question, options=list(options), selectable=selectable, message_id=self._ids()
        )
        return Sent(self._client, done.message_id, done.chat, done.sent_at, self._ids)

    @contextlib.asynccontextmanager
    async def typing(self) -> AsyncGenerator[None, None]:
        """Shows the others that the bot is writing, as long as the block runs."""
        showing = asyncio.ensure_future(self._show_typing())
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            with contextlib.suppress(errors.Error):
                await self._client.chat.activity(chat=self.jid, activity="paused")

    async def _show_typing(self) -> None:
        while True:
            # A sign that cannot be given now is no reason to fail.
            with contextlib.suppress(errors.Error):
                await self._client.chat.activity(chat=self.jid, activity="typing")
            await asyncio.sleep(_TYPING_SECONDS)

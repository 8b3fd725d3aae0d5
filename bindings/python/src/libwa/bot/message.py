"""A message, with what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from .. import events
from .._arguments import time_limit
from ..contents import MessageContent
from .admins import account
from .chat import Chat, Sent, derived_ids
from .context import Context
from .filters import FilterLike, as_filter
from .kinds import STATUS, About, about, is_broadcast_list, is_channel, is_group
from .later import sends, waits


class Message:
    """A message that came. Its `event` is the library's, with all that there is to know.

    What is sent by its methods has ids that follow from this message: when a handler is killed and run again, what it had sent
    already is not sent a second time.

    Attributes:
        event: The library's event.
        match: The match of the filter `F.text.regex(…)`.
        command: The name of the command that it was taken for.
        is_command: Whether it begins with the name of one of the bot's commands.
        data: For middlewares, to hand things on to handlers.
    """

    def __init__(self, event: events.Message, context: Context) -> None:
        self.event = event
        self.match: re.Match[str] | None = None
        self.command: str | None = None
        self.is_command = False
        self.data: dict[str, Any] = {}
        self._context = context
        self._ids = derived_ids(context.options.session_id, event.chat, event.sender, event.message_id)
        self._chat = Chat(context.client, self.chat, self._ids)

    def __repr__(self) -> str:
        return f"<Message {self.event.kind} {self.event.message_id}>"

    # Properties.

    @property
    def id(self) -> str:
        """Its id."""
        return self.event.message_id

    @property
    def kind(self) -> str:
        """Its kind: "text", "image", "reaction", "poll", "edit", "delete" and so on."""
        return self.event.kind

    @property
    def text(self) -> str | None:
        """The text, or the caption; of a reaction the emoji, of an edit the new text."""
        return self.event.text

    @property
    def about(self) -> About:
        """Its kind of handlers: "new" for a message in its own right, "reaction", "edit", "delete", "vote", "service", and,
        whatever its kind, "status" for what comes from the status feed and "channel" for what comes from a channel."""
        return about(self.event)

    @property
    def chat(self) -> str:
        """The JID of the conversation, where an answer goes. What came by a broadcast list belongs to the chat with its sender."""
        if is_broadcast_list(self.event.chat) and not self.event.from_me:
            return account(self.event.sender)
        return self.event.chat

    @property
    def sender(self) -> str:
        """The JID of who wrote it."""
        return self.event.sender

    @property
    def sender_phone(self) -> str | None:
        """Their phone number, digits only, if it is known."""
        return self.event.sender_phone

    @property
    def name(self) -> str | None:
        """The name that they give themselves."""
        return self.event.push_name

    @property
    def is_group(self) -> bool:
        """True if it was written in a group."""
        return is_group(self.event.chat)

    @property
    def is_private(self) -> bool:
        """True if it was written to this account alone: not in a group or a channel, and no status post."""
        return not (is_group(self.event.chat) or is_channel(self.event.chat) or self.event.chat == STATUS)

    @property
    def from_me(self) -> bool:
        """True if this account sent it, from another of its devices."""
        return self.event.from_me

    @property
    def sent_at(self) -> datetime:
        """WhatsApp's time for it."""
        return self.event.sent_at

    @property
    def quoted(self) -> dict[str, Any] | None:
        """The message that it answers: `message_id`, `sender`, `text`."""
        quoted: dict[str, Any] | None = self.event.quoted
        return quoted

    @property
    def mentions(self) -> list[str]:
        """The JIDs that are mentioned, as who wrote it has named them: by LID or by phone number."""
        return list(self.event.mentions)

    @property
    def mentions_me(self) -> bool:
        """True if the bot's account is among them, by its LID or by its phone number."""
        return any(account(jid) in self._context.own for jid in self.mentions)

    async def sender_is_admin(self) -> bool:
        """Returns whether an administrator wrote it in a group. Asks WhatsApp, which takes a moment, once a minute.

        Raises:
            Error: WhatsApp did not tell.
        """
        return self.is_group and await self._context.admins.include(self.chat, self.sender, self.sender_phone)

    async def bot_is_admin(self) -> bool:
        """Returns whether it was written in a group that the bot's account administers.

        Raises:
            Error: WhatsApp did not tell.
        """
        own = [*self._context.own, *(jid.partition("@")[0] for jid in self._context.own if jid.endswith("@s.whatsapp.net"))]
        return self.is_group and await self._context.admins.include(self.chat, *own)

    @property
    def content(self) -> dict[str, Any]:
        """The details of its kind: the target of a reaction, the options of a poll, a place."""
        return dict(self.event.content or {})

    @property
    def typed_content(self) -> MessageContent:
        """The same with types: a `PollVoteContent`, a `LocationContent` and so on, by its kind."""
        return self.event.typed_content

    @property
    def offline(self) -> bool:
        """True if it waited at WhatsApp while the bot was offline."""
        return self.event.offline

    @property
    def redelivered(self) -> bool:
        """True if an earlier run of the bot may have got it already, and ended before its handler was through."""
        return self.event.redelivered

    # Actions.

    @sends
    async def reply(self, text: str, *, mentions: Iterable[str] | None = None) -> Sent:
        """Answers it, quoting it, and comes back when WhatsApp has the answer."""
        quote = {"message_id": self.id, "sender": self.sender, "text": self.text or ""}
        return await self._chat.send(text, quote=quote, mentions=mentions)

    @sends
    async def answer(self, text: str, *, mentions: Iterable[str] | None = None) -> Sent:
        """Writes into its chat, without quoting it."""
        return await self._chat.send(text, mentions=mentions)

    @sends
    async def poll(self, question: str, options: Iterable[str], *, selectable: int = 1) -> Sent:
        """Asks in its chat; see `Chat.poll`."""
        return await self._chat.poll(question, options, selectable=selectable)

    @sends
    async def react(self, emoji: str) -> None:
        """Reacts to it; an empty text takes the reaction back."""
        await self._context.client.message.react(
            chat=self.chat,
            target=self.id,
            emoji=emoji,
            sender=None if self.from_me else self.sender,
            from_me=self.from_me,
            message_id=self._ids(),
        )

    @sends
    async def delete(self) -> None:
        """Deletes it for everybody: one's own, or in a group, as an administrator, anybody's."""
        await self._context.client.message.delete(
            chat=self.chat,
            target=self.id,
            sender=None if self.from_me else self.sender,
            message_id=self._ids(),
        )

    @sends
    async def edit(self, text: str) -> None:
        """Gives it a new text, if this account wrote it."""
        await self._context.client.message.edit(chat=self.chat, target=self.id, text=text, message_id=self._ids())

    @sends
    async def read(self) -> None:
        """Tells the sender that it was read; of an own message nobody is told."""
        if self.from_me:
            return
        await self._context.client.message.read(chat=self.chat, message_ids=[self.id], sender=self.sender)

    def typing(self) -> AbstractAsyncContextManager[None]:
        """Shows the chat that the bot is writing: `async with message.typing(): …`."""
        return self._chat.typing()

    @waits
    async def wait_reply(self, condition: FilterLike | None = None, *, timeout: float | None = None) -> Message:
        """Waits for the next message of the same sender in the same chat; reactions, edits, votes and the like are none.

        No handler gets it. Meanwhile the sender's other messages there stay in line, and everybody else's are handled as ever. So
        are the bot's commands, whoever gives them, unless the condition asks for one.

        When the bot stops, the handler is cancelled, and what it was called for comes again at the next start.

        Args:
            condition: The condition for the message, a filter or a function, which may be a coroutine function.
            timeout: Seconds, 0 or more; None or infinity for any time.

        Raises:
            TimeoutError: None came within so many seconds.
        """
        limit = time_limit(timeout)
        suits = as_filter(condition) if condition is not None else None
        person = account(self.sender)

        async def is_reply(other: Message) -> bool:
            return account(other.sender) == person and (not other.is_command if suits is None else await suits.check(other))

        return await self._context.wait_for_message(is_reply, self.chat, limit)

"""Changes in groups."""

from __future__ import annotations

from datetime import datetime

from .. import events
from .chat import Chat, Sent, derived_ids
from .context import Context
from .later import sends


class GroupUpdate:
    """`group.update`: a group changed. Its `event` is the library's.

    Attributes:
        event: The library's event.
        group: The group, as a chat.
    """

    def __init__(self, event: events.GroupUpdate, context: Context) -> None:
        self.event = event
        # WhatsApp tells the second only, and within one a group can change to and fro.
        cause = (event.chat, event.change, event.sender or "", event.changed_at.isoformat(), event.text or "", *self.members)
        ids = derived_ids(context.options.session_id, *cause, f"#{context.number_of(cause)}")
        self.group = Chat(context.client, event.chat, ids)

    def __repr__(self) -> str:
        return f"<GroupUpdate {self.change}>"

    @property
    def chat(self) -> str:
        """The group's JID."""
        return self.event.chat

    @property
    def sender(self) -> str | None:
        """The JID of who changed it, if it is known."""
        return self.event.sender

    @property
    def change(self) -> str:
        """The change, as a word: "add", "remove", "promote", "demote", "subject" and so on."""
        return self.event.change

    @property
    def members(self) -> list[str]:
        """The JIDs of the members concerned."""
        return list(self.event.members)

    @property
    def text(self) -> str | None:
        """The new value, where the change has one."""
        return self.event.text

    @property
    def changed_at(self) -> datetime:
        """When."""
        return self.event.changed_at

    @sends
    async def answer(self, text: str, *, mention_members: bool = False) -> Sent:
        """Writes into the group. With `mention_members` those concerned are mentioned, where the text has `{members}`."""
        if not mention_members:
            return await self.group.send(text)
        shown = " ".join(f"@{jid.partition('@')[0]}" for jid in self.members)
        return await self.group.send(text.replace("{members}", shown), mentions=self.members)

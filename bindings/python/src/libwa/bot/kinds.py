"""The kinds of messages for a bot: one in its own right, something about another one, a service message, or a post."""

from __future__ import annotations

from typing import Literal

from .. import events

#: The kinds that handlers are registered for.
About = Literal["new", "reaction", "edit", "delete", "vote", "service", "status", "channel"]

STATUS = "status@broadcast"

#: Messages that a person wrote, sent or forwarded, so that an answer makes sense. A kind that is neither here nor does something
#: to another message is a service message: also what this version does not know.
# fmt: off
_WRITTEN = frozenset((
    "text", "image", "video", "video_note", "audio", "document", "sticker", "sticker_pack", "contact", "contacts",
    "location", "live_location", "poll", "event", "group_invite", "comment", "list", "list_response", "buttons",
    "buttons_response", "template", "template_button_reply", "interactive", "interactive_response", "highly_structured",
    "rich_response", "product", "order", "invoice", "payment", "payment_request", "payment_invite", "split_payment",
    "scheduled_call", "newsletter_admin_invite", "newsletter_follower_invite", "event_invite", "poll_result",
    "music",
))
# fmt: on
_ABOUT_ANOTHER: dict[str, About] = {"reaction": "reaction", "edit": "edit", "delete": "delete", "poll_vote": "vote"}


def about(message: events.Message) -> About:
    """Returns the kind of the message."""
    if message.chat == STATUS:
        return "status"
    if is_channel(message.chat):
        return "channel"
    if message.kind in _WRITTEN:
        return "new"
    return _ABOUT_ANOTHER.get(message.kind, "service")


def is_group(chat: str) -> bool:
    """Returns whether it is the JID of a group."""
    return chat.endswith("@g.us")


def is_channel(chat: str) -> bool:
    """Returns whether it is the JID of a channel."""
    return chat.endswith("@newsletter")


def is_broadcast_list(chat: str) -> bool:
    """Returns whether it is the JID of a broadcast list, of which each recipient sees a chat with the sender."""
    return chat.endswith("@broadcast") and chat != STATUS

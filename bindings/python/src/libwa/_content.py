"""Types for the JSON in the event of a message."""

from __future__ import annotations

from typing import Any

from .contents import MessageContent, QuotedMessage, content_from_json


class WithContent:
    """A message whose `content` and `quoted` are JSON."""

    kind: str
    content: Any
    quoted: Any

    @property
    def typed_content(self) -> MessageContent:
        """The `content` with types: an `ImageContent`, a `PollContent` and so on, by the message's `kind`.

        It is an `OtherContent` for a kind that this version of the package does not know, and for a content that lacks what its
        type always has: one that is too large, or that could not be read.
        """
        return content_from_json(self.kind, self.content)

    @property
    def typed_quoted(self) -> QuotedMessage | None:
        """The message that it answers, with types; None if it answers none."""
        return QuotedMessage.from_json(self.quoted) if self.quoted else None

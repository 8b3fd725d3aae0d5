"""What the objects that handlers get have in common: the client, the account, and a way to wait for what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._client import Client
from .chat import Chat, Ids, any_ids
from .options import Options

if TYPE_CHECKING:
    from .message import Message

#: Waits for the next message that suits, for so many seconds.
WaitForMessage = Callable[["Callable[[Message], object]", "float | None"], Awaitable["Message"]]


@dataclass
class Context:
    """One run of a bot, as its messages see it.

    Attributes:
        client: The client of the library.
        options: The bot's options.
        wait_for_message: Waits for a message, and takes it.
        own: The account's JIDs without their devices, as far as they are known.
    """

    client: Client
    options: Options
    wait_for_message: WaitForMessage
    own: set[str] = field(default_factory=lambda: set[str]())

    def chat(self, jid: str, ids: Ids = any_ids) -> Chat:
        """The conversation of that JID."""
        return Chat(self.client, jid, ids)

"""The base of the objects that handlers get: the client, the account, and a way to wait for what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._client import Client
from .admins import Admins
from .chat import Chat, Ids, any_ids
from .options import Options

if TYPE_CHECKING:
    from .message import Message

#: Waits for the next message that suits, in this chat or in any, for so many seconds.
WaitForMessage = Callable[["Callable[[Message], Awaitable[bool]]", "str | None", "float | None"], Awaitable["Message"]]

# The number of causes of messages that are remembered.
_CAUSES = 1000


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
    _admins: Admins | None = None
    _causes: dict[tuple[str, ...], int] = field(default_factory=lambda: dict[tuple[str, ...], int]())

    @property
    def admins(self) -> Admins:
        """The administrators of the groups."""
        if self._admins is None:
            self._admins = Admins(self.client)
        return self._admins

    def number_of(self, cause: tuple[str, ...]) -> int:
        """Returns how often this run has come across the same before. Causes that are forgotten were in another second."""
        number = self._causes.pop(cause, -1) + 1
        self._causes[cause] = number
        if len(self._causes) > _CAUSES:
            del self._causes[next(iter(self._causes))]
        return number

    def chat(self, jid: str, ids: Ids = any_ids) -> Chat:
        """The conversation of that JID."""
        return Chat(self.client, jid, ids)

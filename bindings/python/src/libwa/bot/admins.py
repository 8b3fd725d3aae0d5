"""The administrators of a group, asked of WhatsApp and cached for as long as nothing changes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .._client import Client

# Changes are told; this is for those that came while the bot was offline.
_SECONDS = 60.0
_GROUPS = 1000
# Other spellings of the servers of accounts.
_SERVERS = {"c.us": "s.whatsapp.net", "hosted": "s.whatsapp.net", "hosted.lid": "lid"}


@dataclass(frozen=True)
class _Known:
    people: frozenset[str]
    until: float


class Admins:
    """The administrators of groups, by JID without the device and by phone number."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, _Known] = {}
        # Counts the changes, so that an answer that was on its way meanwhile is not kept.
        self._changes = 0

    async def include(self, group: str, *names: str | None) -> bool:
        """Returns whether one of these JIDs and numbers is an administrator of the group.

        Raises:
            Error: WhatsApp did not tell.
        """
        known = self._known.get(group)
        people = known.people if known is not None and time.monotonic() < known.until else await self._ask(group)
        return any(name is not None and account(name) in people for name in names)

    def forget(self, group: str | None = None) -> None:
        """Asks anew from now on: for this group, or for all."""
        self._changes += 1
        if group is None:
            self._known.clear()
        else:
            self._known.pop(group, None)

    async def _ask(self, group: str) -> frozenset[str]:
        changes = self._changes
        info = await self._client.group.info(chat=group)
        admins = [member for member in info.members if member["rank"] in ("admin", "super_admin")]
        people = frozenset(account(name) for member in admins for name in (member["jid"], member["phone"]) if name)
        if changes == self._changes:
            if len(self._known) >= _GROUPS:
                del self._known[next(iter(self._known))]
            self._known[group] = _Known(people, time.monotonic() + _SECONDS)
        return people


def account(jid: str) -> str:
    """The JID without its device, and with the usual server: old clients, and business accounts that Meta runs, have others."""
    user, at, server = jid.partition("@")
    return f"{user.split(':')[0]}{at}{_SERVERS.get(server, server)}"

# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The library's methods by name: `client.session.status()` is `client.call("session.status")` with types.

The methods are described in include/METHODS.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._record import Record
from ._time import as_time, maybe_time

Texts = list[str]
Objects = list[dict[str, Any]]
AsyncCall = Callable[[str, dict[str, Any]], Awaitable[Any]]
SyncCall = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ContactSend(Record):
    """The result of `contact.send`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> ContactSend:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ContactsCheck(Record):
    """The result of `contacts.check`.

    Attributes:
        contacts: One object for each number, in the same order: `number` (digits only),
            `registered`, and, if it is, the `jid` to write to (whose digits may be others: some
            countries have two ways of writing theirs) and the `lid`.
    """

    contacts: list[dict[str, Any]]

    def __init__(
        self,
        contacts: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["contacts"] = contacts

    @classmethod
    def _make(cls, o: dict[str, Any]) -> ContactsCheck:
        return cls(
            o["contacts"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupAdd(Record):
    """The result of `group.add`.

    Attributes:
        members: The outcome for each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`,
            `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`),
            WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and
            `invite_expires_at_ms` for an invitation by message.
    """

    members: list[dict[str, Any]]

    def __init__(
        self,
        members: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["members"] = members

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupAdd:
        return cls(
            o["members"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupCreate(Record):
    """The result of `group.create`.

    Attributes:
        chat: The group's JID.
        subject: Its name.
        description: Its description.
        creator: The JID of who made it.
        created_at: When.
        size: The number of its members.
        members: The members, each with `jid`, `phone` (null if it is not known), `rank` (`member`,
            `admin`, `super_admin`).
        not_added: Those who were to be members and are not, as `group.add` says it.
        announcement: Whether only admins may send.
        locked: Whether only admins may change name, picture and description.
        expiration_s: After how many seconds messages disappear; 0 for never.
        all_may_add: Whether all members may add others, if it is said.
        all_may_invite: Whether all members may see the invite link, if it is said.
        join_approval: Whether admins confirm who joins.
        suspended: Whether WhatsApp has closed it.
        community: Whether it is a community.
        parent: The JID of the community that it is part of.
    """

    chat: str
    subject: str | None
    description: str | None
    creator: str | None
    created_at: datetime | None
    size: int
    members: list[dict[str, Any]]
    not_added: list[dict[str, Any]]
    announcement: bool
    locked: bool
    expiration_s: int
    all_may_add: bool | None
    all_may_invite: bool | None
    join_approval: bool
    suspended: bool
    community: bool
    parent: str | None

    def __init__(
        self,
        chat: str,
        subject: str | None,
        description: str | None,
        creator: str | None,
        created_at: datetime | None,
        size: int,
        members: list[dict[str, Any]],
        not_added: list[dict[str, Any]],
        announcement: bool,
        locked: bool,
        expiration_s: int,
        all_may_add: bool | None,
        all_may_invite: bool | None,
        join_approval: bool,
        suspended: bool,
        community: bool,
        parent: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["chat"] = chat
        own_["subject"] = subject
        own_["description"] = description
        own_["creator"] = creator
        own_["created_at"] = created_at
        own_["size"] = size
        own_["members"] = members
        own_["not_added"] = not_added
        own_["announcement"] = announcement
        own_["locked"] = locked
        own_["expiration_s"] = expiration_s
        own_["all_may_add"] = all_may_add
        own_["all_may_invite"] = all_may_invite
        own_["join_approval"] = join_approval
        own_["suspended"] = suspended
        own_["community"] = community
        own_["parent"] = parent

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupCreate:
        return cls(
            o["chat"],
            o["subject"],
            o["description"],
            o["creator"],
            maybe_time(o["created_at_ms"]),
            o["size"],
            o["members"],
            o["not_added"],
            o["announcement"],
            o["locked"],
            o["expiration_s"],
            o["all_may_add"],
            o["all_may_invite"],
            o["join_approval"],
            o["suspended"],
            o["community"],
            o["parent"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupDemote(Record):
    """The result of `group.demote`.

    Attributes:
        members: The outcome for each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`,
            `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`),
            WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and
            `invite_expires_at_ms` for an invitation by message.
    """

    members: list[dict[str, Any]]

    def __init__(
        self,
        members: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["members"] = members

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupDemote:
        return cls(
            o["members"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupInfo(Record):
    """The result of `group.info`.

    Attributes:
        chat: The group's JID.
        subject: Its name.
        description: Its description.
        creator: The JID of who made it.
        created_at: When.
        size: The number of its members.
        members: The members, each with `jid`, `phone` (null if it is not known), `rank` (`member`,
            `admin`, `super_admin`).
        not_added: Those who were to be members and are not, as `group.add` says it.
        announcement: Whether only admins may send.
        locked: Whether only admins may change name, picture and description.
        expiration_s: After how many seconds messages disappear; 0 for never.
        all_may_add: Whether all members may add others, if it is said.
        all_may_invite: Whether all members may see the invite link, if it is said.
        join_approval: Whether admins confirm who joins.
        suspended: Whether WhatsApp has closed it.
        community: Whether it is a community.
        parent: The JID of the community that it is part of.
    """

    chat: str
    subject: str | None
    description: str | None
    creator: str | None
    created_at: datetime | None
    size: int
    members: list[dict[str, Any]]
    not_added: list[dict[str, Any]]
    announcement: bool
    locked: bool
    expiration_s: int
    all_may_add: bool | None
    all_may_invite: bool | None
    join_approval: bool
    suspended: bool
    community: bool
    parent: str | None

    def __init__(
        self,
        chat: str,
        subject: str | None,
        description: str | None,
        creator: str | None,
        created_at: datetime | None,
        size: int,
        members: list[dict[str, Any]],
        not_added: list[dict[str, Any]],
        announcement: bool,
        locked: bool,
        expiration_s: int,
        all_may_add: bool | None,
        all_may_invite: bool | None,
        join_approval: bool,
        suspended: bool,
        community: bool,
        parent: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["chat"] = chat
        own_["subject"] = subject
        own_["description"] = description
        own_["creator"] = creator
        own_["created_at"] = created_at
        own_["size"] = size
        own_["members"] = members
        own_["not_added"] = not_added
        own_["announcement"] = announcement
        own_["locked"] = locked
        own_["expiration_s"] = expiration_s
        own_["all_may_add"] = all_may_add
        own_["all_may_invite"] = all_may_invite
        own_["join_approval"] = join_approval
        own_["suspended"] = suspended
        own_["community"] = community
        own_["parent"] = parent

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupInfo:
        return cls(
            o["chat"],
            o["subject"],
            o["description"],
            o["creator"],
            maybe_time(o["created_at_ms"]),
            o["size"],
            o["members"],
            o["not_added"],
            o["announcement"],
            o["locked"],
            o["expiration_s"],
            o["all_may_add"],
            o["all_may_invite"],
            o["join_approval"],
            o["suspended"],
            o["community"],
            o["parent"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupInvite(Record):
    """The result of `group.invite`.

    Attributes:
        code: The code.
        link: The link with it.
    """

    code: str
    link: str

    def __init__(
        self,
        code: str,
        link: str,
    ) -> None:
        own_ = self.__dict__
        own_["code"] = code
        own_["link"] = link

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupInvite:
        return cls(
            o["code"],
            o["link"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupJoin(Record):
    """The result of `group.join`.

    Attributes:
        chat: The group's JID.
        pending: Whether an admin must confirm it first.
    """

    chat: str
    pending: bool

    def __init__(
        self,
        chat: str,
        pending: bool,
    ) -> None:
        own_ = self.__dict__
        own_["chat"] = chat
        own_["pending"] = pending

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupJoin:
        return cls(
            o["chat"],
            o["pending"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupList(Record):
    """The result of `group.list`.

    Attributes:
        groups: The groups, each like the result of `group.info`.
    """

    groups: list[dict[str, Any]]

    def __init__(
        self,
        groups: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["groups"] = groups

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupList:
        return cls(
            o["groups"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupPromote(Record):
    """The result of `group.promote`.

    Attributes:
        members: The outcome for each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`,
            `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`),
            WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and
            `invite_expires_at_ms` for an invitation by message.
    """

    members: list[dict[str, Any]]

    def __init__(
        self,
        members: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["members"] = members

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupPromote:
        return cls(
            o["members"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupRemove(Record):
    """The result of `group.remove`.

    Attributes:
        members: The outcome for each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`,
            `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`),
            WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and
            `invite_expires_at_ms` for an invitation by message.
    """

    members: list[dict[str, Any]]

    def __init__(
        self,
        members: list[dict[str, Any]],
    ) -> None:
        own_ = self.__dict__
        own_["members"] = members

    @classmethod
    def _make(cls, o: dict[str, Any]) -> GroupRemove:
        return cls(
            o["members"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LocationSend(Record):
    """The result of `location.send`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> LocationSend:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageDelete(Record):
    """The result of `message.delete`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> MessageDelete:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageEdit(Record):
    """The result of `message.edit`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> MessageEdit:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageReact(Record):
    """The result of `message.react`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> MessageReact:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageSend(Record):
    """The result of `message.send`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> MessageSend:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PollSend(Record):
    """The result of `poll.send`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> PollSend:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PollVote(Record):
    """The result of `poll.vote`.

    Attributes:
        message_id: The id of the message.
        chat: The chat that it went to.
        sent_at: The server's time for it, in milliseconds since 1970 UTC.
    """

    message_id: str
    chat: str
    sent_at: datetime

    def __init__(
        self,
        message_id: str,
        chat: str,
        sent_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["sent_at"] = sent_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> PollVote:
        return cls(
            o["message_id"],
            o["chat"],
            as_time(o["sent_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class RestrictionsGet(Record):
    """The result of `restrictions.get`.

    Attributes:
        time_locked: Whether WhatsApp keeps the account from writing to people who do not know it.
        ends_at: When that ends, if WhatsApp said so.
        reason: The reason in WhatsApp's words, such as `DEFAULT`.
        first_contacts_per_hour: The number of first contacts that the configuration allows in an
            hour; 0 for any number.
        first_contacts_left: The number of these that are left.
        waiting: The number of messages that wait for their turn.
        next_at: When the first of them goes out.
    """

    time_locked: bool
    ends_at: datetime | None
    reason: str | None
    first_contacts_per_hour: int
    first_contacts_left: int
    waiting: int
    next_at: datetime | None

    def __init__(
        self,
        time_locked: bool,
        ends_at: datetime | None,
        reason: str | None,
        first_contacts_per_hour: int,
        first_contacts_left: int,
        waiting: int,
        next_at: datetime | None,
    ) -> None:
        own_ = self.__dict__
        own_["time_locked"] = time_locked
        own_["ends_at"] = ends_at
        own_["reason"] = reason
        own_["first_contacts_per_hour"] = first_contacts_per_hour
        own_["first_contacts_left"] = first_contacts_left
        own_["waiting"] = waiting
        own_["next_at"] = next_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> RestrictionsGet:
        return cls(
            o["time_locked"],
            maybe_time(o["ends_at_ms"]),
            o["reason"],
            o["first_contacts_per_hour"],
            o["first_contacts_left"],
            o["waiting"],
            maybe_time(o["next_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ServerPing(Record):
    """The result of `server.ping`.

    Attributes:
        round_trip: Time until the server answered. In seconds.
    """

    round_trip: float

    def __init__(
        self,
        round_trip: float,
    ) -> None:
        own_ = self.__dict__
        own_["round_trip"] = round_trip

    @classmethod
    def _make(cls, o: dict[str, Any]) -> ServerPing:
        return cls(
            o["round_trip_ms"] / 1000,
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SessionList(Record):
    """The result of `session.list`.

    Attributes:
        sessions: The names of all sessions in the client's store.
    """

    sessions: list[str]

    def __init__(
        self,
        sessions: list[str],
    ) -> None:
        own_ = self.__dict__
        own_["sessions"] = sessions

    @classmethod
    def _make(cls, o: dict[str, Any]) -> SessionList:
        return cls(
            o["sessions"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SessionStatus(Record):
    """The result of `session.status`.

    Attributes:
        state: The state of the connection, as in the event `connection`.
        linked: Whether the session is linked to an account.
        jid: The device's own JID.
        lid: The device's own LID.
        phone: The account's phone number, digits only.
    """

    state: str
    linked: bool
    jid: str | None
    lid: str | None
    phone: str | None

    def __init__(
        self,
        state: str,
        linked: bool,
        jid: str | None,
        lid: str | None,
        phone: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["state"] = state
        own_["linked"] = linked
        own_["jid"] = jid
        own_["lid"] = lid
        own_["phone"] = phone

    @classmethod
    def _make(cls, o: dict[str, Any]) -> SessionStatus:
        return cls(
            o["state"],
            o["linked"],
            o["jid"],
            o["lid"],
            o["phone"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class VersionLatest(Record):
    """The result of `version.latest`.

    Attributes:
        version: The version, fit for the key `client.version`.
    """

    version: str

    def __init__(
        self,
        version: str,
    ) -> None:
        own_ = self.__dict__
        own_["version"] = version

    @classmethod
    def _make(cls, o: dict[str, Any]) -> VersionLatest:
        return cls(
            o["version"],
        )


class AsyncChat:
    """Methods `chat.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def activity(self, *, chat: str, activity: str) -> None:
        """Shows the others in a chat that the user is writing or recording, or has stopped. It
        fades by itself after some 20 seconds.

        Args:
            chat: The chat.
            activity: `typing`, `recording` or `paused`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["activity"] = activity
        await self._call("chat.activity", params)


class AsyncContact:
    """Methods `contact.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def send(self, *, chat: str, contacts: Objects, message_id: str | None = None) -> ContactSend:
        """Sends contact cards.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            contacts: The cards, each with `name` and `vcard`; together at most 1 MiB.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["contacts"] = contacts
        if message_id is not None:
            params["message_id"] = message_id
        return ContactSend._make(await self._call("contact.send", params))


class AsyncContacts:
    """Methods `contacts.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def check(self, *, numbers: Texts) -> ContactsCheck:
        """Asks which phone numbers are on WhatsApp. WhatsApp restricts accounts that ask for many
        that are not.

        Args:
            numbers: Phone numbers with their country codes, at most 500.
        """
        params: dict[str, Any] = {}
        params["numbers"] = numbers
        return ContactsCheck._make(await self._call("contacts.check", params))


class AsyncGroup:
    """Methods `group.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def add(self, *, chat: str, members: Texts) -> GroupAdd:
        """Adds members to a group.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupAdd._make(await self._call("group.add", params))

    async def create(
        self,
        *,
        subject: str,
        members: Texts | None = None,
        description: str | None = None,
        announcement: bool | None = None,
        locked: bool | None = None,
        expiration_s: int | None = None,
    ) -> GroupCreate:
        """Makes a group. Who could not be added stands in `not_added`.

        Args:
            subject: Its name.
            members: The others in it, as JIDs or phone numbers with their country codes.
            description: Its description.
            announcement: Whether only admins may send.
            locked: Whether only admins may change name, picture and description.
            expiration_s: After how many seconds messages disappear; 0 for never. Official clients
                offer 86400, 604800 and 7776000.
        """
        params: dict[str, Any] = {}
        params["subject"] = subject
        if members is not None:
            params["members"] = members
        if description is not None:
            params["description"] = description
        if announcement is not None:
            params["announcement"] = announcement
        if locked is not None:
            params["locked"] = locked
        if expiration_s is not None:
            params["expiration_s"] = expiration_s
        return GroupCreate._make(await self._call("group.create", params))

    async def demote(self, *, chat: str, members: Texts) -> GroupDemote:
        """Makes admins of a group plain members.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupDemote._make(await self._call("group.demote", params))

    async def description(self, *, chat: str, description: str | None = None) -> None:
        """Changes what a group says it is about.

        Args:
            chat: The group's JID.
            description: The new text; left out, the old one is taken away.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if description is not None:
            params["description"] = description
        await self._call("group.description", params)

    async def info(self, *, chat: str) -> GroupInfo:
        """Asks for everything about a group.

        Args:
            chat: The group's JID.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        return GroupInfo._make(await self._call("group.info", params))

    async def invite(self, *, chat: str, reset: bool | None = None) -> GroupInvite:
        """Asks for the link by which people join a group.

        Args:
            chat: The group's JID.
            reset: Whether the old link is to lead nowhere, and a new one made.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if reset is not None:
            params["reset"] = reset
        return GroupInvite._make(await self._call("group.invite", params))

    async def join(self, *, code: str) -> GroupJoin:
        """Joins a group by its invite code.

        Args:
            code: The invite code, or the link with it.
        """
        params: dict[str, Any] = {}
        params["code"] = code
        return GroupJoin._make(await self._call("group.join", params))

    async def leave(self, *, chat: str) -> None:
        """Leaves a group.

        Args:
            chat: The group's JID.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        await self._call("group.leave", params)

    async def list(self) -> GroupList:
        """Asks for all groups that the account is in."""
        params: dict[str, Any] = {}
        return GroupList._make(await self._call("group.list", params))

    async def promote(self, *, chat: str, members: Texts) -> GroupPromote:
        """Makes members of a group admins.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupPromote._make(await self._call("group.promote", params))

    async def remove(self, *, chat: str, members: Texts) -> GroupRemove:
        """Puts members out of a group.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupRemove._make(await self._call("group.remove", params))

    async def settings(
        self,
        *,
        chat: str,
        announcement: bool | None = None,
        locked: bool | None = None,
        expiration_s: int | None = None,
        all_may_add: bool | None = None,
        all_may_invite: bool | None = None,
        join_approval: bool | None = None,
    ) -> None:
        """Changes settings of a group, one after the other; if one is refused, those before it are
        changed.

        Args:
            chat: The group's JID.
            announcement: Whether only admins may send.
            locked: Whether only admins may change name, picture and description.
            expiration_s: After how many seconds messages disappear; 0 for never. Official clients
                offer 86400, 604800 and 7776000.
            all_may_add: Whether all members may add others.
            all_may_invite: Whether all members may see the invite link.
            join_approval: Whether admins confirm who joins.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if announcement is not None:
            params["announcement"] = announcement
        if locked is not None:
            params["locked"] = locked
        if expiration_s is not None:
            params["expiration_s"] = expiration_s
        if all_may_add is not None:
            params["all_may_add"] = all_may_add
        if all_may_invite is not None:
            params["all_may_invite"] = all_may_invite
        if join_approval is not None:
            params["join_approval"] = join_approval
        await self._call("group.settings", params)

    async def subject(self, *, chat: str, subject: str) -> None:
        """Gives a group a new name.

        Args:
            chat: The group's JID.
            subject: The new name.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["subject"] = subject
        await self._call("group.subject", params)


class AsyncLocation:
    """Methods `location.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def send(
        self,
        *,
        chat: str,
        latitude: float,
        longitude: float,
        name: str | None = None,
        address: str | None = None,
        message_id: str | None = None,
    ) -> LocationSend:
        """Sends a place.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            latitude: Degrees north, a number from -90 to 90.
            longitude: Degrees east, a number from -180 to 180.
            name: The name of the place.
            address: Its address.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["latitude"] = latitude
        params["longitude"] = longitude
        if name is not None:
            params["name"] = name
        if address is not None:
            params["address"] = address
        if message_id is not None:
            params["message_id"] = message_id
        return LocationSend._make(await self._call("location.send", params))


class AsyncMessage:
    """Methods `message.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def delete(self, *, chat: str, target: str, sender: str | None = None, message_id: str | None = None) -> MessageDelete:
        """Deletes a message for everybody: an own one, or in a group, as an administrator, any.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            sender: The sender of the message, as a JID or a phone number, for an administrator of a
                group who deletes that of another member. Left out for an own message. In a chat
                with a person only own messages can be deleted for everybody.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        if sender is not None:
            params["sender"] = sender
        if message_id is not None:
            params["message_id"] = message_id
        return MessageDelete._make(await self._call("message.delete", params))

    async def edit(self, *, chat: str, target: str, text: str, message_id: str | None = None) -> MessageEdit:
        """Gives an own message a new text. Official clients take edits for 20 minutes after it was
        sent.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the own message.
            text: The new text.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["text"] = text
        if message_id is not None:
            params["message_id"] = message_id
        return MessageEdit._make(await self._call("message.edit", params))

    async def react(
        self,
        *,
        chat: str,
        target: str,
        emoji: str,
        sender: str | None = None,
        from_me: bool | None = None,
        message_id: str | None = None,
    ) -> MessageReact:
        """Reacts to a message with an emoji.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            emoji: One emoji; empty takes an earlier reaction back.
            sender: The sender of the message, as a JID or a phone number; needed in groups, unless
                it is an own one.
            from_me: Whether it is an own message.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["emoji"] = emoji
        if sender is not None:
            params["sender"] = sender
        if from_me is not None:
            params["from_me"] = from_me
        if message_id is not None:
            params["message_id"] = message_id
        return MessageReact._make(await self._call("message.react", params))

    async def read(self, *, chat: str, message_ids: Texts, sender: str | None = None) -> None:
        """Tells the sender, and the own other devices, that messages were read. If the account's
        privacy settings tell nobody, only the own devices learn it; the first call asks the server
        for these settings and waits for the answer.

        Args:
            chat: The chat.
            message_ids: The ids of the messages.
            sender: Their sender, as a JID or a phone number; needed in groups and in the status
                feed. Own messages are not marked.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["message_ids"] = message_ids
        if sender is not None:
            params["sender"] = sender
        await self._call("message.read", params)

    async def send(
        self, *, chat: str, text: str, quote: Any = None, mentions: Texts | None = None, message_id: str | None = None
    ) -> MessageSend:
        """Sends a text that may answer a message or mention people. `send_text()` does it for plain
        ones.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            text: The text, at most 65,536 characters.
            quote: The message that it answers, as an object with `message_id`, `sender` (a JID or a
                phone number) and `text`; `chat` if it was sent in another one, such as
                `status@broadcast`.
            mentions: Those who are mentioned, as JIDs or phone numbers; the text has `@` and the
                number of each. Both are changed to the names that the chat uses.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["text"] = text
        if quote is not None:
            params["quote"] = quote
        if mentions is not None:
            params["mentions"] = mentions
        if message_id is not None:
            params["message_id"] = message_id
        return MessageSend._make(await self._call("message.send", params))


class AsyncPoll:
    """Methods `poll.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def send(
        self, *, chat: str, question: str, options: Texts, selectable: int | None = None, message_id: str | None = None
    ) -> PollSend:
        """Sends a poll.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            question: The question.
            options: The answers to choose from, 2 to 12 and no two alike.
            selectable: The number of options that may be chosen: 1 if left out, 0 for any number.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["question"] = question
        params["options"] = options
        if selectable is not None:
            params["selectable"] = selectable
        if message_id is not None:
            params["message_id"] = message_id
        return PollSend._make(await self._call("poll.send", params))

    async def vote(
        self, *, chat: str, target: str, options: Texts, sender: str | None = None, message_id: str | None = None
    ) -> PollVote:
        """Votes in a poll that came to this session. A vote takes the place of an earlier one.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message with the poll.
            options: The options that are chosen, by their texts; none takes the vote back.
            sender: The sender of the poll, as a JID or a phone number; needed in groups, unless it
                is an own one.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["options"] = options
        if sender is not None:
            params["sender"] = sender
        if message_id is not None:
            params["message_id"] = message_id
        return PollVote._make(await self._call("poll.vote", params))


class AsyncPresence:
    """Methods `presence.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def set(self, *, available: bool) -> None:
        """Shows contacts that the user is there, or not, also on later connections of this client.
        At first he is not.

        Args:
            available: Whether the user counts as being there. While true, the phone may show no
                notifications.
        """
        params: dict[str, Any] = {}
        params["available"] = available
        await self._call("presence.set", params)

    async def subscribe(self, *, user: str) -> None:
        """Asks for the `presence` and `chat.activity` events of a person, until the connection
        ends.

        Args:
            user: The JID of the person, or a phone number.
        """
        params: dict[str, Any] = {}
        params["user"] = user
        await self._call("presence.subscribe", params)


class AsyncRestrictions:
    """Methods `restrictions.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def get(self) -> RestrictionsGet:
        """Tells what holds for messages to people who do not know the account, without asking the
        server.
        """
        params: dict[str, Any] = {}
        return RestrictionsGet._make(await self._call("restrictions.get", params))


class AsyncServer:
    """Methods `server.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def ping(self) -> ServerPing:
        """Asks the server for a sign of life on the connection that is open."""
        params: dict[str, Any] = {}
        return ServerPing._make(await self._call("server.ping", params))


class AsyncSession:
    """Methods `session.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def erase(self, *, session: str | None = None) -> None:
        """Erases the session from the store without telling the server, and closes the client if it
        is its own. The phone goes on listing the device until it is removed there; `logout()` is
        the polite way. What limits the phone number stays in the store: the ration of pairing
        codes, the first contacts of the last hour, and WhatsApp's lock.

        Args:
            session: The name of another session of the same store, which no client has open; left
                out, it is the client's own. A session that is too damaged to be opened can be
                erased so. A name that the store does not have is refused with
                `UnknownSessionError`, also after it was erased.
        """
        params: dict[str, Any] = {}
        if session is not None:
            params["session"] = session
        await self._call("session.erase", params)

    async def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(await self._call("session.list", params))

    async def restored(self) -> None:
        """Makes a store safe to use that is an older copy, put back from a backup or with the
        snapshot of a machine. Call it before `connect()`, once for each copy that is put back.
        Messages from an older copy would be encrypted with keys that were used since it was made;
        so all keys for sending are dropped, which is on the disk when the result comes. New ones
        are made at the next message to each device and group, and new prekeys are uploaded. The
        device stays linked. What came or was acknowledged after the copy was made is not in it:
        events that were not acknowledged in the copy come again, marked as redelivered. Messages
        that waited in it are sent under the ids they had, so that whoever has got one does not see
        it twice; one that was cancelled since, or had failed, is sent after all. What others have
        sent to the dropped keys is asked for again: it comes late, or not at all if they do not
        answer.
        """
        params: dict[str, Any] = {}
        await self._call("session.restored", params)

    async def status(self) -> SessionStatus:
        """Tells where the session stands, without asking the server."""
        params: dict[str, Any] = {}
        return SessionStatus._make(await self._call("session.status", params))


class AsyncVersion:
    """Methods `version.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def latest(self) -> VersionLatest:
        """Asks WhatsApp's web site for the newest version of its web client. This is never done
        unasked.
        """
        params: dict[str, Any] = {}
        return VersionLatest._make(await self._call("version.latest", params))


class AsyncMethods:
    """All methods, by the first part of their names."""

    def _call(self, method: str, params: dict[str, Any]) -> Awaitable[Any]:
        raise NotImplementedError

    @property
    def chat(self) -> AsyncChat:
        """Methods `chat.*`."""
        return AsyncChat(self._call)

    @property
    def contact(self) -> AsyncContact:
        """Methods `contact.*`."""
        return AsyncContact(self._call)

    @property
    def contacts(self) -> AsyncContacts:
        """Methods `contacts.*`."""
        return AsyncContacts(self._call)

    @property
    def group(self) -> AsyncGroup:
        """Methods `group.*`."""
        return AsyncGroup(self._call)

    @property
    def location(self) -> AsyncLocation:
        """Methods `location.*`."""
        return AsyncLocation(self._call)

    @property
    def message(self) -> AsyncMessage:
        """Methods `message.*`."""
        return AsyncMessage(self._call)

    @property
    def poll(self) -> AsyncPoll:
        """Methods `poll.*`."""
        return AsyncPoll(self._call)

    @property
    def presence(self) -> AsyncPresence:
        """Methods `presence.*`."""
        return AsyncPresence(self._call)

    @property
    def restrictions(self) -> AsyncRestrictions:
        """Methods `restrictions.*`."""
        return AsyncRestrictions(self._call)

    @property
    def server(self) -> AsyncServer:
        """Methods `server.*`."""
        return AsyncServer(self._call)

    @property
    def session(self) -> AsyncSession:
        """Methods `session.*`."""
        return AsyncSession(self._call)

    @property
    def version(self) -> AsyncVersion:
        """Methods `version.*`."""
        return AsyncVersion(self._call)


class SyncChat:
    """Methods `chat.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def activity(self, *, chat: str, activity: str) -> None:
        """Shows the others in a chat that the user is writing or recording, or has stopped. It
        fades by itself after some 20 seconds.

        Args:
            chat: The chat.
            activity: `typing`, `recording` or `paused`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["activity"] = activity
        self._call("chat.activity", params)


class SyncContact:
    """Methods `contact.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def send(self, *, chat: str, contacts: Objects, message_id: str | None = None) -> ContactSend:
        """Sends contact cards.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            contacts: The cards, each with `name` and `vcard`; together at most 1 MiB.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["contacts"] = contacts
        if message_id is not None:
            params["message_id"] = message_id
        return ContactSend._make(self._call("contact.send", params))


class SyncContacts:
    """Methods `contacts.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def check(self, *, numbers: Texts) -> ContactsCheck:
        """Asks which phone numbers are on WhatsApp. WhatsApp restricts accounts that ask for many
        that are not.

        Args:
            numbers: Phone numbers with their country codes, at most 500.
        """
        params: dict[str, Any] = {}
        params["numbers"] = numbers
        return ContactsCheck._make(self._call("contacts.check", params))


class SyncGroup:
    """Methods `group.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def add(self, *, chat: str, members: Texts) -> GroupAdd:
        """Adds members to a group.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupAdd._make(self._call("group.add", params))

    def create(
        self,
        *,
        subject: str,
        members: Texts | None = None,
        description: str | None = None,
        announcement: bool | None = None,
        locked: bool | None = None,
        expiration_s: int | None = None,
    ) -> GroupCreate:
        """Makes a group. Who could not be added stands in `not_added`.

        Args:
            subject: Its name.
            members: The others in it, as JIDs or phone numbers with their country codes.
            description: Its description.
            announcement: Whether only admins may send.
            locked: Whether only admins may change name, picture and description.
            expiration_s: After how many seconds messages disappear; 0 for never. Official clients
                offer 86400, 604800 and 7776000.
        """
        params: dict[str, Any] = {}
        params["subject"] = subject
        if members is not None:
            params["members"] = members
        if description is not None:
            params["description"] = description
        if announcement is not None:
            params["announcement"] = announcement
        if locked is not None:
            params["locked"] = locked
        if expiration_s is not None:
            params["expiration_s"] = expiration_s
        return GroupCreate._make(self._call("group.create", params))

    def demote(self, *, chat: str, members: Texts) -> GroupDemote:
        """Makes admins of a group plain members.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupDemote._make(self._call("group.demote", params))

    def description(self, *, chat: str, description: str | None = None) -> None:
        """Changes what a group says it is about.

        Args:
            chat: The group's JID.
            description: The new text; left out, the old one is taken away.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if description is not None:
            params["description"] = description
        self._call("group.description", params)

    def info(self, *, chat: str) -> GroupInfo:
        """Asks for everything about a group.

        Args:
            chat: The group's JID.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        return GroupInfo._make(self._call("group.info", params))

    def invite(self, *, chat: str, reset: bool | None = None) -> GroupInvite:
        """Asks for the link by which people join a group.

        Args:
            chat: The group's JID.
            reset: Whether the old link is to lead nowhere, and a new one made.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if reset is not None:
            params["reset"] = reset
        return GroupInvite._make(self._call("group.invite", params))

    def join(self, *, code: str) -> GroupJoin:
        """Joins a group by its invite code.

        Args:
            code: The invite code, or the link with it.
        """
        params: dict[str, Any] = {}
        params["code"] = code
        return GroupJoin._make(self._call("group.join", params))

    def leave(self, *, chat: str) -> None:
        """Leaves a group.

        Args:
            chat: The group's JID.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        self._call("group.leave", params)

    def list(self) -> GroupList:
        """Asks for all groups that the account is in."""
        params: dict[str, Any] = {}
        return GroupList._make(self._call("group.list", params))

    def promote(self, *, chat: str, members: Texts) -> GroupPromote:
        """Makes members of a group admins.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupPromote._make(self._call("group.promote", params))

    def remove(self, *, chat: str, members: Texts) -> GroupRemove:
        """Puts members out of a group.

        Args:
            chat: The group's JID.
            members: They, as JIDs or phone numbers with their country codes.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["members"] = members
        return GroupRemove._make(self._call("group.remove", params))

    def settings(
        self,
        *,
        chat: str,
        announcement: bool | None = None,
        locked: bool | None = None,
        expiration_s: int | None = None,
        all_may_add: bool | None = None,
        all_may_invite: bool | None = None,
        join_approval: bool | None = None,
    ) -> None:
        """Changes settings of a group, one after the other; if one is refused, those before it are
        changed.

        Args:
            chat: The group's JID.
            announcement: Whether only admins may send.
            locked: Whether only admins may change name, picture and description.
            expiration_s: After how many seconds messages disappear; 0 for never. Official clients
                offer 86400, 604800 and 7776000.
            all_may_add: Whether all members may add others.
            all_may_invite: Whether all members may see the invite link.
            join_approval: Whether admins confirm who joins.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        if announcement is not None:
            params["announcement"] = announcement
        if locked is not None:
            params["locked"] = locked
        if expiration_s is not None:
            params["expiration_s"] = expiration_s
        if all_may_add is not None:
            params["all_may_add"] = all_may_add
        if all_may_invite is not None:
            params["all_may_invite"] = all_may_invite
        if join_approval is not None:
            params["join_approval"] = join_approval
        self._call("group.settings", params)

    def subject(self, *, chat: str, subject: str) -> None:
        """Gives a group a new name.

        Args:
            chat: The group's JID.
            subject: The new name.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["subject"] = subject
        self._call("group.subject", params)


class SyncLocation:
    """Methods `location.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def send(
        self,
        *,
        chat: str,
        latitude: float,
        longitude: float,
        name: str | None = None,
        address: str | None = None,
        message_id: str | None = None,
    ) -> LocationSend:
        """Sends a place.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            latitude: Degrees north, a number from -90 to 90.
            longitude: Degrees east, a number from -180 to 180.
            name: The name of the place.
            address: Its address.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["latitude"] = latitude
        params["longitude"] = longitude
        if name is not None:
            params["name"] = name
        if address is not None:
            params["address"] = address
        if message_id is not None:
            params["message_id"] = message_id
        return LocationSend._make(self._call("location.send", params))


class SyncMessage:
    """Methods `message.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def delete(self, *, chat: str, target: str, sender: str | None = None, message_id: str | None = None) -> MessageDelete:
        """Deletes a message for everybody: an own one, or in a group, as an administrator, any.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            sender: The sender of the message, as a JID or a phone number, for an administrator of a
                group who deletes that of another member. Left out for an own message. In a chat
                with a person only own messages can be deleted for everybody.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        if sender is not None:
            params["sender"] = sender
        if message_id is not None:
            params["message_id"] = message_id
        return MessageDelete._make(self._call("message.delete", params))

    def edit(self, *, chat: str, target: str, text: str, message_id: str | None = None) -> MessageEdit:
        """Gives an own message a new text. Official clients take edits for 20 minutes after it was
        sent.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the own message.
            text: The new text.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["text"] = text
        if message_id is not None:
            params["message_id"] = message_id
        return MessageEdit._make(self._call("message.edit", params))

    def react(
        self,
        *,
        chat: str,
        target: str,
        emoji: str,
        sender: str | None = None,
        from_me: bool | None = None,
        message_id: str | None = None,
    ) -> MessageReact:
        """Reacts to a message with an emoji.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            emoji: One emoji; empty takes an earlier reaction back.
            sender: The sender of the message, as a JID or a phone number; needed in groups, unless
                it is an own one.
            from_me: Whether it is an own message.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["emoji"] = emoji
        if sender is not None:
            params["sender"] = sender
        if from_me is not None:
            params["from_me"] = from_me
        if message_id is not None:
            params["message_id"] = message_id
        return MessageReact._make(self._call("message.react", params))

    def read(self, *, chat: str, message_ids: Texts, sender: str | None = None) -> None:
        """Tells the sender, and the own other devices, that messages were read. If the account's
        privacy settings tell nobody, only the own devices learn it; the first call asks the server
        for these settings and waits for the answer.

        Args:
            chat: The chat.
            message_ids: The ids of the messages.
            sender: Their sender, as a JID or a phone number; needed in groups and in the status
                feed. Own messages are not marked.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["message_ids"] = message_ids
        if sender is not None:
            params["sender"] = sender
        self._call("message.read", params)

    def send(
        self, *, chat: str, text: str, quote: Any = None, mentions: Texts | None = None, message_id: str | None = None
    ) -> MessageSend:
        """Sends a text that may answer a message or mention people. `send_text()` does it for plain
        ones.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            text: The text, at most 65,536 characters.
            quote: The message that it answers, as an object with `message_id`, `sender` (a JID or a
                phone number) and `text`; `chat` if it was sent in another one, such as
                `status@broadcast`.
            mentions: Those who are mentioned, as JIDs or phone numbers; the text has `@` and the
                number of each. Both are changed to the names that the chat uses.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["text"] = text
        if quote is not None:
            params["quote"] = quote
        if mentions is not None:
            params["mentions"] = mentions
        if message_id is not None:
            params["message_id"] = message_id
        return MessageSend._make(self._call("message.send", params))


class SyncPoll:
    """Methods `poll.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def send(
        self, *, chat: str, question: str, options: Texts, selectable: int | None = None, message_id: str | None = None
    ) -> PollSend:
        """Sends a poll.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            question: The question.
            options: The answers to choose from, 2 to 12 and no two alike.
            selectable: The number of options that may be chosen: 1 if left out, 0 for any number.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["question"] = question
        params["options"] = options
        if selectable is not None:
            params["selectable"] = selectable
        if message_id is not None:
            params["message_id"] = message_id
        return PollSend._make(self._call("poll.send", params))

    def vote(self, *, chat: str, target: str, options: Texts, sender: str | None = None, message_id: str | None = None) -> PollVote:
        """Votes in a poll that came to this session. A vote takes the place of an earlier one.

        Args:
            chat: The recipient: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message with the poll.
            options: The options that are chosen, by their texts; none takes the vote back.
            sender: The sender of the poll, as a JID or a phone number; needed in groups, unless it
                is an own one.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["target"] = target
        params["options"] = options
        if sender is not None:
            params["sender"] = sender
        if message_id is not None:
            params["message_id"] = message_id
        return PollVote._make(self._call("poll.vote", params))


class SyncPresence:
    """Methods `presence.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def set(self, *, available: bool) -> None:
        """Shows contacts that the user is there, or not, also on later connections of this client.
        At first he is not.

        Args:
            available: Whether the user counts as being there. While true, the phone may show no
                notifications.
        """
        params: dict[str, Any] = {}
        params["available"] = available
        self._call("presence.set", params)

    def subscribe(self, *, user: str) -> None:
        """Asks for the `presence` and `chat.activity` events of a person, until the connection
        ends.

        Args:
            user: The JID of the person, or a phone number.
        """
        params: dict[str, Any] = {}
        params["user"] = user
        self._call("presence.subscribe", params)


class SyncRestrictions:
    """Methods `restrictions.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def get(self) -> RestrictionsGet:
        """Tells what holds for messages to people who do not know the account, without asking the
        server.
        """
        params: dict[str, Any] = {}
        return RestrictionsGet._make(self._call("restrictions.get", params))


class SyncServer:
    """Methods `server.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def ping(self) -> ServerPing:
        """Asks the server for a sign of life on the connection that is open."""
        params: dict[str, Any] = {}
        return ServerPing._make(self._call("server.ping", params))


class SyncSession:
    """Methods `session.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def erase(self, *, session: str | None = None) -> None:
        """Erases the session from the store without telling the server, and closes the client if it
        is its own. The phone goes on listing the device until it is removed there; `logout()` is
        the polite way. What limits the phone number stays in the store: the ration of pairing
        codes, the first contacts of the last hour, and WhatsApp's lock.

        Args:
            session: The name of another session of the same store, which no client has open; left
                out, it is the client's own. A session that is too damaged to be opened can be
                erased so. A name that the store does not have is refused with
                `UnknownSessionError`, also after it was erased.
        """
        params: dict[str, Any] = {}
        if session is not None:
            params["session"] = session
        self._call("session.erase", params)

    def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(self._call("session.list", params))

    def restored(self) -> None:
        """Makes a store safe to use that is an older copy, put back from a backup or with the
        snapshot of a machine. Call it before `connect()`, once for each copy that is put back.
        Messages from an older copy would be encrypted with keys that were used since it was made;
        so all keys for sending are dropped, which is on the disk when the result comes. New ones
        are made at the next message to each device and group, and new prekeys are uploaded. The
        device stays linked. What came or was acknowledged after the copy was made is not in it:
        events that were not acknowledged in the copy come again, marked as redelivered. Messages
        that waited in it are sent under the ids they had, so that whoever has got one does not see
        it twice; one that was cancelled since, or had failed, is sent after all. What others have
        sent to the dropped keys is asked for again: it comes late, or not at all if they do not
        answer.
        """
        params: dict[str, Any] = {}
        self._call("session.restored", params)

    def status(self) -> SessionStatus:
        """Tells where the session stands, without asking the server."""
        params: dict[str, Any] = {}
        return SessionStatus._make(self._call("session.status", params))


class SyncVersion:
    """Methods `version.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def latest(self) -> VersionLatest:
        """Asks WhatsApp's web site for the newest version of its web client. This is never done
        unasked.
        """
        params: dict[str, Any] = {}
        return VersionLatest._make(self._call("version.latest", params))


class SyncMethods:
    """All methods, by the first part of their names."""

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        raise NotImplementedError

    @property
    def chat(self) -> SyncChat:
        """Methods `chat.*`."""
        return SyncChat(self._call)

    @property
    def contact(self) -> SyncContact:
        """Methods `contact.*`."""
        return SyncContact(self._call)

    @property
    def contacts(self) -> SyncContacts:
        """Methods `contacts.*`."""
        return SyncContacts(self._call)

    @property
    def group(self) -> SyncGroup:
        """Methods `group.*`."""
        return SyncGroup(self._call)

    @property
    def location(self) -> SyncLocation:
        """Methods `location.*`."""
        return SyncLocation(self._call)

    @property
    def message(self) -> SyncMessage:
        """Methods `message.*`."""
        return SyncMessage(self._call)

    @property
    def poll(self) -> SyncPoll:
        """Methods `poll.*`."""
        return SyncPoll(self._call)

    @property
    def presence(self) -> SyncPresence:
        """Methods `presence.*`."""
        return SyncPresence(self._call)

    @property
    def restrictions(self) -> SyncRestrictions:
        """Methods `restrictions.*`."""
        return SyncRestrictions(self._call)

    @property
    def server(self) -> SyncServer:
        """Methods `server.*`."""
        return SyncServer(self._call)

    @property
    def session(self) -> SyncSession:
        """Methods `session.*`."""
        return SyncSession(self._call)

    @property
    def version(self) -> SyncVersion:
        """Methods `version.*`."""
        return SyncVersion(self._call)

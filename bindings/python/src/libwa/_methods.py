# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
"""The library's methods by name: `client.session.status()` is `client.call("session.status")` with types.

The methods are described in include/METHODS.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._record import Record
from ._units import as_time

AsyncCall = Callable[[str, dict[str, Any]], Awaitable[Any]]
SyncCall = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ContactSend(Record):
    """What `contact.send` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
class LocationSend(Record):
    """What `location.send` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
    """What `message.delete` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
    """What `message.edit` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
    """What `message.react` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
    """What `message.send` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
    """What `poll.send` gives.

    Attributes:
        message_id: The id of the message.
        chat: Where it went.
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
class ServerPing(Record):
    """What `server.ping` gives.

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
    """What `session.list` gives.

    Attributes:
        sessions: The names of all sessions in the client's store, as an array of text.
    """

    sessions: Any

    def __init__(
        self,
        sessions: Any,
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
    """What `session.status` gives.

    Attributes:
        state: Where the connection stands, as in the event `connection`.
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
    """What `version.latest` gives.

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
        """Shows the others in a chat that somebody is writing or recording, or has stopped. It
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

    async def send(self, *, chat: str, contacts: Any, message_id: str | None = None) -> ContactSend:
        """Sends contact cards.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            contacts: The cards, as an array of objects with `name` and `vcard`.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["contacts"] = contacts
        if message_id is not None:
            params["message_id"] = message_id
        return ContactSend._make(await self._call("contact.send", params))


class AsyncLocation:
    """Methods `location.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def send(
        self,
        *,
        chat: str,
        latitude: Any,
        longitude: Any,
        name: str | None = None,
        address: str | None = None,
        message_id: str | None = None,
    ) -> LocationSend:
        """Sends a place.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
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
        """Deletes a message for everybody.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            sender: Whose message it is, for an administrator of a group who deletes that of
                somebody else. Left out for an own message.
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
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
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
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            emoji: One emoji; empty takes an earlier reaction back.
            sender: Whose message it is; needed in groups, unless it is an own one.
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

    async def read(self, *, chat: str, message_ids: Any, sender: str | None = None) -> None:
        """Tells the sender, and the own other devices, that messages were read.

        Args:
            chat: The chat.
            message_ids: The ids of the messages, as an array of text.
            sender: Who sent them; needed in groups.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["message_ids"] = message_ids
        if sender is not None:
            params["sender"] = sender
        await self._call("message.read", params)

    async def send(
        self, *, chat: str, text: str, quote: Any = None, mentions: Any = None, message_id: str | None = None
    ) -> MessageSend:
        """Sends a text that may answer a message or mention people. `send_text()` does it for plain
        ones.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            text: The text, at most 65,536 characters.
            quote: The message that it answers, as an object with `message_id`, `sender` and `text`.
            mentions: Who is mentioned, as an array of JIDs; the text has `@` and the number of
                each.
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
        self, *, chat: str, question: str, options: Any, selectable: int | None = None, message_id: str | None = None
    ) -> PollSend:
        """Sends a poll.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            question: The question.
            options: The answers to choose from, as an array of 2 to 12 different texts.
            selectable: How many may be chosen: 1 if left out, 0 for any number.
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


class AsyncPresence:
    """Methods `presence.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: AsyncCall) -> None:
        self._call = call

    async def set(self, *, available: bool) -> None:
        """Shows contacts that the user is there, or not. At first he is not.

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
            user: Whose, as a JID or a phone number.
        """
        params: dict[str, Any] = {}
        params["user"] = user
        await self._call("presence.subscribe", params)


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

    async def erase(self) -> None:
        """Erases the session from the store without telling the server, and closes the client. The
        phone goes on listing the device until it is removed there; `logout()` is the polite way.
        """
        params: dict[str, Any] = {}
        await self._call("session.erase", params)

    async def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(await self._call("session.list", params))

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
        """Shows the others in a chat that somebody is writing or recording, or has stopped. It
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

    def send(self, *, chat: str, contacts: Any, message_id: str | None = None) -> ContactSend:
        """Sends contact cards.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            contacts: The cards, as an array of objects with `name` and `vcard`.
            message_id: An id for the message that the host chooses; see `send_text()`.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["contacts"] = contacts
        if message_id is not None:
            params["message_id"] = message_id
        return ContactSend._make(self._call("contact.send", params))


class SyncLocation:
    """Methods `location.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def send(
        self,
        *,
        chat: str,
        latitude: Any,
        longitude: Any,
        name: str | None = None,
        address: str | None = None,
        message_id: str | None = None,
    ) -> LocationSend:
        """Sends a place.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
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
        """Deletes a message for everybody.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            sender: Whose message it is, for an administrator of a group who deletes that of
                somebody else. Left out for an own message.
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
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
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
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            target: The id of the message.
            emoji: One emoji; empty takes an earlier reaction back.
            sender: Whose message it is; needed in groups, unless it is an own one.
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

    def read(self, *, chat: str, message_ids: Any, sender: str | None = None) -> None:
        """Tells the sender, and the own other devices, that messages were read.

        Args:
            chat: The chat.
            message_ids: The ids of the messages, as an array of text.
            sender: Who sent them; needed in groups.
        """
        params: dict[str, Any] = {}
        params["chat"] = chat
        params["message_ids"] = message_ids
        if sender is not None:
            params["sender"] = sender
        self._call("message.read", params)

    def send(self, *, chat: str, text: str, quote: Any = None, mentions: Any = None, message_id: str | None = None) -> MessageSend:
        """Sends a text that may answer a message or mention people. `send_text()` does it for plain
        ones.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            text: The text, at most 65,536 characters.
            quote: The message that it answers, as an object with `message_id`, `sender` and `text`.
            mentions: Who is mentioned, as an array of JIDs; the text has `@` and the number of
                each.
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
        self, *, chat: str, question: str, options: Any, selectable: int | None = None, message_id: str | None = None
    ) -> PollSend:
        """Sends a poll.

        Args:
            chat: Where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            question: The question.
            options: The answers to choose from, as an array of 2 to 12 different texts.
            selectable: How many may be chosen: 1 if left out, 0 for any number.
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


class SyncPresence:
    """Methods `presence.*`."""

    __slots__ = ("_call",)

    def __init__(self, call: SyncCall) -> None:
        self._call = call

    def set(self, *, available: bool) -> None:
        """Shows contacts that the user is there, or not. At first he is not.

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
            user: Whose, as a JID or a phone number.
        """
        params: dict[str, Any] = {}
        params["user"] = user
        self._call("presence.subscribe", params)


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

    def erase(self) -> None:
        """Erases the session from the store without telling the server, and closes the client. The
        phone goes on listing the device until it is removed there; `logout()` is the polite way.
        """
        params: dict[str, Any] = {}
        self._call("session.erase", params)

    def list(self) -> SessionList:
        """Lists the sessions of the store."""
        params: dict[str, Any] = {}
        return SessionList._make(self._call("session.list", params))

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

# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The library's events: one frozen dataclass for each type.

Times are aware `datetime`s in UTC, durations are seconds. Types and fields are described in include/EVENTS.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ._content import WithContent
from ._event import Event, QrCode, UnknownEvent
from ._time import as_time, maybe_seconds, maybe_time

if TYPE_CHECKING:
    from ._error import Error

# The stage of a call.
CallStage = Literal[
    # A person calls.
    "offer",
    # It was taken, on some device.
    "accepted",
    # It was turned down, on some device.
    "rejected",
    # It ended, or was never taken.
    "ended",
]

# The activity of a person in a chat.
ChatActivityKind = Literal[
    # Writing.
    "typing",
    # Recording a voice message.
    "recording",
    # Nothing any more.
    "paused",
]

# The reason why a client is closed.
CloseReason = Literal[
    # The host called `close()` or `del client`.
    "by_host",
    # The session was logged out, which ends its client.
    "logged_out",
    # The client met a fault of its own or of its store and cannot go on.
    "failed",
]

# The state of the connection.
ConnectionState = Literal[
    # A connection is being opened.
    "connecting",
    # Connected and the server's identity checked; logging in, or waiting to be paired.
    "connected",
    # Logged in.
    "online",
    # Not connected, and no attempt will be made before the host asks for one.
    "disconnected",
    # Not connected; the next attempt is made by itself.
    "reconnecting",
]

# The level of a log line.
LogLevel = Literal[
    # Something went wrong.
    "error",
    # Something looks wrong.
    "warn",
    # For the person who runs the program.
    "info",
    # For a programmer who looks for a fault.
    "debug",
    # Every stanza, without its secrets.
    "trace",
]

# The reason for the end of a session.
LogoutReason = Literal[
    # The host called `logout()`.
    "by_host",
    # Unlinked on the phone, or by the server on the phone's behalf.
    "by_phone",
    # The phone was registered anew and no longer knows this device.
    "phone_reset",
    # Unlinked right after pairing.
    "link_revoked",
    # The account is locked.
    "account_locked",
    # The account is banned.
    "account_banned",
]

# The stage at which a pairing, or an attempt of it, ended.
OutcomeStage = Literal[
    # The host's input; nothing was sent.
    "input",
    # Reaching the pairing service.
    "connection",
    # Asking the server for a code.
    "request",
    # A code was shown and the phone was to answer.
    "code",
    # The phone had answered and the link was being made.
    "answer",
    # A QR code was shown.
    "qr",
    # The account demanded its passkey.
    "passkey",
    # The server's message that says the phone has linked us.
    "confirmation",
    # The first login after it.
    "login",
    # The life of the linked device.
    "session",
]

# The method of a pairing.
PairingMethod = Literal[
    # By a code typed on the phone.
    "code",
    # By a QR code scanned with the phone.
    "qr",
    # By a passkey, which the account demanded in the course of the two others.
    "passkey",
]

# The stage of a pairing.
PairingStage = Literal[
    # The server was asked for a code.
    "requested",
    # A code, or a QR code, is there for the user.
    "code",
    # The phone answered: a code was typed, not necessarily the right one.
    "phone_answered",
    # The server took our half; now the phone decides.
    "finish_accepted",
    # The phone linked this device; the account is stored.
    "linked",
    # The connection was renewed and logs in as the new device.
    "first_login",
    # The session is ready for use.
    "ready",
]

# The step that the passkey flow wants from the host.
PasskeyStep = Literal[
    # An assertion for the challenge in `options`: `answer_passkey()`.
    "required",
    # The user compares `display` with what the phone shows: `confirm_passkey()`.
    "confirm",
]

# The kind of a receipt: what a person did with messages.
ReceiptKind = Literal[
    # They arrived on a device.
    "delivered",
    # They were read.
    "read",
    # They were listened to or watched.
    "played",
]

# The kind of a restriction by the server.
RestrictionKind = Literal[
    # Banned for a time.
    "temporary_ban",
    # Banned.
    "account_banned",
    # Locked, or no longer registered on its phone.
    "account_locked",
    # This version of the client is refused.
    "client_outdated",
    # This account is refused with the newest version, too.
    "version_refused",
    # Starting conversations is not allowed for a time.
    "time_lock",
    # Too many requests.
    "rate_limit",
    # Linking by code is refused for this account.
    "pairing_refused",
]

# The scope of a restriction.
RestrictionScope = Literal[
    # The whole account, on every device.
    "account",
    # This program's sessions, whatever the account.
    "client",
    # This connection, until the time given.
    "connection",
    # Linking of new devices only.
    "pairing",
    # Sending to people who have not written before.
    "new_chats",
]

# The reason why a message cannot be read.
UnreadableReason = Literal[
    # It could not be decrypted. While `pending` is true it was asked for again.
    "undecryptable",
    # It may be viewed on the phone only.
    "view_once",
    # The server does not give its content to linked devices.
    "unavailable",
]

# The reason why a message is not sent at once.
WaitReason = Literal[
    # So many people were written to for the first time that the next must wait: see `pace.first_contacts_per_hour`.
    "first_contacts",
]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Connection(Event):
    """The connection changed its state.

    Attributes:
        state: The state of the connection now.
        reason: The reason as a stable word, when it was lost or given up.
        status: The reason as a status code; 0 when nothing went wrong, also when the host asked for
            it.
        text: The reason in a sentence for the programmer.
        is_final: Set if the connection is given up: no attempt follows before `connect()` is called
            again. Whatever waits for the connection can end then, with `status`, or with
            `NotConnectedError` if that is 0.
        retryable: Set if an attempt can succeed as things are. False when a person has to mend
            something first; `text` says what.
        retry_in: Time until the next attempt, when reconnecting. In seconds.
        attempt: The number of this attempt to connect, or of the last one, counted from 1 since the
            last login; 0 after a login, until the next attempt.
    """

    type = "connection"
    number = 100
    durable = False
    droppable = True

    state: ConnectionState
    reason: str | None
    status: int
    text: str | None
    is_final: bool
    retryable: bool
    retry_in: float | None
    attempt: int

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        state: ConnectionState,
        reason: str | None,
        status: int,
        text: str | None,
        is_final: bool,
        retryable: bool,
        retry_in: float | None,
        attempt: int,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["state"] = state
        own_["reason"] = reason
        own_["status"] = status
        own_["text"] = text
        own_["is_final"] = is_final
        own_["retryable"] = retryable
        own_["retry_in"] = retry_in
        own_["attempt"] = attempt

    @property
    def error(self) -> Error | None:
        """The status as an exception to raise; None when nothing went wrong."""
        return self._error()

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["state"],
            o["reason"],
            o["status"],
            o["text"],
            o["is_final"],
            o["retryable"],
            maybe_seconds(o["retry_in_ms"]),
            o["attempt"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Ready(Event):
    """The session is linked, logged in and ready for use. Comes after every login.

    Attributes:
        jid: The device's own JID.
        lid: The device's own LID, if the server named it.
        phone: The account's phone number, digits only.
        name: The user's name as contacts see it, if the server has told it.
        first_login: Set if this is the first login since pairing.
    """

    type = "ready"
    number = 101
    durable = False
    droppable = True

    jid: str
    lid: str | None
    phone: str
    name: str | None = field(repr=False)
    first_login: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        jid: str,
        lid: str | None,
        phone: str,
        name: str | None,
        first_login: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["jid"] = jid
        own_["lid"] = lid
        own_["phone"] = phone
        own_["name"] = name
        own_["first_login"] = first_login

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["jid"],
            o["lid"],
            o["phone"],
            o["name"],
            o["first_login"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LoggedOut(Event):
    """The session was logged out and its keys are erased. The result of a logout comes before it;
    `closed` follows, and results of requests that came too late.

    Attributes:
        reason: The reason for the logout.
        user_text: The text to show to the user.
        text: The server's words about it, if any.
        may_be_listed: Set if the phone may still list the device, because the server could not be
            told.
    """

    type = "logged_out"
    number = 102
    durable = True
    droppable = False

    reason: LogoutReason
    user_text: str
    text: str | None
    may_be_listed: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        reason: LogoutReason,
        user_text: str,
        text: str | None,
        may_be_listed: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["reason"] = reason
        own_["user_text"] = user_text
        own_["text"] = text
        own_["may_be_listed"] = may_be_listed

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["reason"],
            o["user_text"],
            o["text"],
            o["may_be_listed"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Restricted(Event):
    """The server restricts the account or the client.

    Attributes:
        kind: The kind of the restriction.
        scope: The scope of the restriction.
        starts_at: When it begins, if that is not now.
        ends_at: When it ends, if the server said so.
        code: The server's own number for the cause, if it gave one.
        user_text: The text to show to the user.
    """

    type = "restricted"
    number = 103
    durable = True
    droppable = False

    kind: RestrictionKind
    scope: RestrictionScope
    starts_at: datetime | None
    ends_at: datetime | None
    code: int | None
    user_text: str

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        kind: RestrictionKind,
        scope: RestrictionScope,
        starts_at: datetime | None,
        ends_at: datetime | None,
        code: int | None,
        user_text: str,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["kind"] = kind
        own_["scope"] = scope
        own_["starts_at"] = starts_at
        own_["ends_at"] = ends_at
        own_["code"] = code
        own_["user_text"] = user_text

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["kind"],
            o["scope"],
            maybe_time(o["starts_at_ms"]),
            maybe_time(o["ends_at_ms"]),
            o["code"],
            o["user_text"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingCode(Event):
    """A pairing code that the server has accepted: show it to the user.

    Attributes:
        code: The eight characters.
        display: The same in two groups, as the phone shows the entry: `ABCD-EFGH`.
        expires_at: When it stops being accepted.
        expires_in: Time left when the event was made. In seconds.
        custom: Set if the host chose it.
        generation: 1 for the first code of the request, more for those that automatic refresh
            brought.
    """

    type = "pairing.code"
    number = 200
    durable = False
    droppable = False

    code: str = field(repr=False)
    display: str = field(repr=False)
    expires_at: datetime
    expires_in: float
    custom: bool
    generation: int

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        code: str,
        display: str,
        expires_at: datetime,
        expires_in: float,
        custom: bool,
        generation: int,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["code"] = code
        own_["display"] = display
        own_["expires_at"] = expires_at
        own_["expires_in"] = expires_in
        own_["custom"] = custom
        own_["generation"] = generation

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["code"],
            o["display"],
            as_time(o["expires_at_ms"]),
            o["expires_in_ms"] / 1000,
            o["custom"],
            o["generation"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingQr(QrCode, Event):
    """A QR code to show. Each one replaces the one before.

    Attributes:
        payload: The text to encode; `PairingQr.svg()` draws it.
        expires_at: When the next one comes, or the last one ends.
        expires_in: Time left when the event was made. In seconds.
        index: Its number in the series, from 1.
        of: The number of codes in the series.
        updated: Set if it replaces one that was still valid, because the server asked for a fresh
            secret.
    """

    type = "pairing.qr"
    number = 201
    durable = False
    droppable = True

    payload: str = field(repr=False)
    expires_at: datetime
    expires_in: float
    index: int
    of: int
    updated: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        payload: str,
        expires_at: datetime,
        expires_in: float,
        index: int,
        of: int,
        updated: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["payload"] = payload
        own_["expires_at"] = expires_at
        own_["expires_in"] = expires_in
        own_["index"] = index
        own_["of"] = of
        own_["updated"] = updated

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["payload"],
            as_time(o["expires_at_ms"]),
            o["expires_in_ms"] / 1000,
            o["index"],
            o["of"],
            o["updated"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingProgress(Event):
    """A pairing went one step on.

    Attributes:
        stage: The step reached.
        method: By code, QR or passkey.
        user_text: The text to show to the user.
    """

    type = "pairing.progress"
    number = 202
    durable = False
    droppable = True

    stage: PairingStage
    method: PairingMethod
    user_text: str

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        stage: PairingStage,
        method: PairingMethod,
        user_text: str,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["stage"] = stage
        own_["method"] = method
        own_["user_text"] = user_text

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["stage"],
            o["method"],
            o["user_text"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingExpired(Event):
    """A code ended unused, or all QR codes were shown.

    Attributes:
        outcome: The named outcome.
        stage: The stage at which it ended.
        method: By code, QR or passkey.
        status: The outcome's class as a status code.
        user_text: The text to show to the user.
        retryable: Set if asking again can help.
        retry_after: The time to wait before that. In seconds.
        refreshing: Set if a new code comes by itself: the request goes on.
    """

    type = "pairing.expired"
    number = 203
    durable = False
    droppable = False

    outcome: str
    stage: OutcomeStage
    method: PairingMethod
    status: int
    user_text: str
    retryable: bool
    retry_after: float
    refreshing: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        outcome: str,
        stage: OutcomeStage,
        method: PairingMethod,
        status: int,
        user_text: str,
        retryable: bool,
        retry_after: float,
        refreshing: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["outcome"] = outcome
        own_["stage"] = stage
        own_["method"] = method
        own_["status"] = status
        own_["user_text"] = user_text
        own_["retryable"] = retryable
        own_["retry_after"] = retry_after
        own_["refreshing"] = refreshing

    @property
    def error(self) -> Error | None:
        """The status as an exception to raise; None when nothing went wrong."""
        return self._error()

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["outcome"],
            o["stage"],
            o["method"],
            o["status"],
            o["user_text"],
            o["retryable"],
            o["retry_after_ms"] / 1000,
            o["refreshing"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingFailed(Event):
    """A pairing failed, or an attempt of it did.

    Attributes:
        outcome: The named outcome.
        stage: The stage at which it ended.
        method: By code, QR or passkey.
        status: The outcome's class as a status code.
        user_text: The text to show to the user.
        text: Further detail for the programmer.
        retryable: Set if asking again can help.
        retry_after: The time to wait before that. In seconds.
        server_code: The server's error code, if it gave one.
        refreshing: Set if the library tries again by itself: the request goes on.
    """

    type = "pairing.error"
    number = 204
    durable = False
    droppable = False

    outcome: str
    stage: OutcomeStage
    method: PairingMethod
    status: int
    user_text: str
    text: str | None
    retryable: bool
    retry_after: float
    server_code: int | None
    refreshing: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        outcome: str,
        stage: OutcomeStage,
        method: PairingMethod,
        status: int,
        user_text: str,
        text: str | None,
        retryable: bool,
        retry_after: float,
        server_code: int | None,
        refreshing: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["outcome"] = outcome
        own_["stage"] = stage
        own_["method"] = method
        own_["status"] = status
        own_["user_text"] = user_text
        own_["text"] = text
        own_["retryable"] = retryable
        own_["retry_after"] = retry_after
        own_["server_code"] = server_code
        own_["refreshing"] = refreshing

    @property
    def error(self) -> Error | None:
        """The status as an exception to raise; None when nothing went wrong."""
        return self._error()

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["outcome"],
            o["stage"],
            o["method"],
            o["status"],
            o["user_text"],
            o["text"],
            o["retryable"],
            o["retry_after_ms"] / 1000,
            o["server_code"],
            o["refreshing"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingPasskey(Event):
    """The account wants a passkey to confirm this device.

    Attributes:
        step: The step that is wanted from the host.
        options: The WebAuthn request options, as JSON text, for the step `required`.
        display: The code to compare with the phone, in two groups, for the step `confirm`.
        expires_at: When the exchange is given up.
    """

    type = "pairing.passkey"
    number = 205
    durable = False
    droppable = False

    step: PasskeyStep
    options: str | None = field(repr=False)
    display: str | None = field(repr=False)
    expires_at: datetime

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        step: PasskeyStep,
        options: str | None,
        display: str | None,
        expires_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["step"] = step
        own_["options"] = options
        own_["display"] = display
        own_["expires_at"] = expires_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["step"],
            o["options"],
            o["display"],
            as_time(o["expires_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PairingSuccess(Event):
    """The phone linked this device. `ready` follows after the first login.

    Attributes:
        jid: The device's own JID.
        lid: The device's own LID, if the server named it.
        phone: The account's phone number, digits only.
        platform: The phone's platform as it names itself, such as `android`.
        business_name: The name of the business, for business accounts.
        method: By code, QR or passkey.
    """

    type = "pairing.success"
    number = 206
    durable = False
    droppable = False

    jid: str
    lid: str | None
    phone: str
    platform: str | None
    business_name: str | None
    method: PairingMethod

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        jid: str,
        lid: str | None,
        phone: str,
        platform: str | None,
        business_name: str | None,
        method: PairingMethod,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["jid"] = jid
        own_["lid"] = lid
        own_["phone"] = phone
        own_["platform"] = platform
        own_["business_name"] = business_name
        own_["method"] = method

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["jid"],
            o["lid"],
            o["phone"],
            o["platform"],
            o["business_name"],
            o["method"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Message(WithContent, Event):
    """A message came: from a person, in a group, or from another device of this account.

    Attributes:
        message_id: Its id, unique per chat and sender.
        chat: The conversation's JID: a person, a group, a channel. What answers it goes there. A
            conversation with a person may come under the person's LID and under the phone number:
            `chat_phone` is the same in both.
        chat_phone: The phone number of the person that the conversation is with, digits only, if it
            is known; null in a group.
        sender: The sender's JID.
        sender_phone: The sender's phone number, digits only, if it is known.
        from_me: Set if this account sent it, from another of its devices.
        is_group: Set if the conversation is a group.
        sent_at: The server's time for it.
        push_name: The name that the sender gives himself.
        kind: The kind of the message: `text`, `image`, `reaction`, `poll`, `edit`, `delete` and so
            on; `unknown` for a type that this version does not know. EVENTS.md lists all kinds
            under "Contents of messages". A message without content, which brings keys or context
            alone, is not told.
        text: The text, or the caption; of a reaction the emoji, of an edit the new text.
        quoted: The message that it answers; null if it answers none.
        mentions: The JIDs that are mentioned.
        content: The details of its kind, as an object: the options of a poll, a place, the `target`
            of a reaction. EVENTS.md lists the keys of each kind under "Contents of messages".
        offline: Set if it waited at the server while this device was offline.
        old_identity: Set if it was encrypted for an identity that its sender has given up since.
        raw: The serialised protobuf message, base64, for kinds that have more to them than these
            fields.
    """

    type = "message"
    number = 300
    durable = True
    droppable = False

    message_id: str
    chat: str
    chat_phone: str | None
    sender: str
    sender_phone: str | None
    from_me: bool
    is_group: bool
    sent_at: datetime
    push_name: str | None = field(repr=False)
    kind: str
    text: str | None = field(repr=False)
    quoted: Any
    mentions: list[str]
    content: Any
    offline: bool
    old_identity: bool
    raw: str | None = field(repr=False)

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        message_id: str,
        chat: str,
        chat_phone: str | None,
        sender: str,
        sender_phone: str | None,
        from_me: bool,
        is_group: bool,
        sent_at: datetime,
        push_name: str | None,
        kind: str,
        text: str | None,
        quoted: Any,
        mentions: list[str],
        content: Any,
        offline: bool,
        old_identity: bool,
        raw: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["chat_phone"] = chat_phone
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["from_me"] = from_me
        own_["is_group"] = is_group
        own_["sent_at"] = sent_at
        own_["push_name"] = push_name
        own_["kind"] = kind
        own_["text"] = text
        own_["quoted"] = quoted
        own_["mentions"] = mentions
        own_["content"] = content
        own_["offline"] = offline
        own_["old_identity"] = old_identity
        own_["raw"] = raw

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["message_id"],
            o["chat"],
            o["chat_phone"],
            o["sender"],
            o["sender_phone"],
            o["from_me"],
            o["is_group"],
            as_time(o["sent_at_ms"]),
            o["push_name"],
            o["kind"],
            o["text"],
            o["quoted"],
            o["mentions"],
            o["content"],
            o["offline"],
            o["old_identity"],
            o["raw"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageUnreadable(Event):
    """A message came that cannot be read. If it can be read later, `message` brings it.

    Attributes:
        message_id: Its id.
        chat: The conversation's JID.
        chat_phone: The phone number of the person that the conversation is with, digits only, if it
            is known; null in a group.
        sender: The sender's JID.
        sender_phone: The sender's phone number, digits only, if it is known.
        from_me: Set if this account sent it, from another of its devices.
        sent_at: The server's time for it.
        reason: The reason.
        retries: The number of times it was asked for again.
        pending: Set if it may still come. If so, either `message` follows or this event once more,
            with false, within two weeks.
        hidden: Set if the sender wants nothing shown in its place.
    """

    type = "message.unreadable"
    number = 301
    durable = False
    droppable = True

    message_id: str
    chat: str
    chat_phone: str | None
    sender: str
    sender_phone: str | None
    from_me: bool
    sent_at: datetime
    reason: UnreadableReason
    retries: int
    pending: bool
    hidden: bool

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        message_id: str,
        chat: str,
        chat_phone: str | None,
        sender: str,
        sender_phone: str | None,
        from_me: bool,
        sent_at: datetime,
        reason: UnreadableReason,
        retries: int,
        pending: bool,
        hidden: bool,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["chat_phone"] = chat_phone
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["from_me"] = from_me
        own_["sent_at"] = sent_at
        own_["reason"] = reason
        own_["retries"] = retries
        own_["pending"] = pending
        own_["hidden"] = hidden

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["message_id"],
            o["chat"],
            o["chat_phone"],
            o["sender"],
            o["sender_phone"],
            o["from_me"],
            as_time(o["sent_at_ms"]),
            o["reason"],
            o["retries"],
            o["pending"],
            o["hidden"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageWaiting(Event):
    """A message that was to be sent waits for its turn. Its request goes on, and can be cancelled.

    Attributes:
        message_id: Its id.
        chat: The chat that it goes to.
        reason: The reason why it waits.
        due_at: When it goes out, if nothing comes in between.
    """

    type = "message.waiting"
    number = 302
    durable = False
    droppable = True

    message_id: str
    chat: str
    reason: WaitReason
    due_at: datetime

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        message_id: str,
        chat: str,
        reason: WaitReason,
        due_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["message_id"] = message_id
        own_["chat"] = chat
        own_["reason"] = reason
        own_["due_at"] = due_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["message_id"],
            o["chat"],
            o["reason"],
            as_time(o["due_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Receipt(Event):
    """Messages were delivered or read.

    Attributes:
        chat: The conversation's JID.
        chat_phone: The phone number of the person that the conversation is with, digits only, if it
            is known; null in a group.
        sender: The person whose receipt it is.
        sender_phone: The phone number of that person, digits only, if it is known.
        from_me: Set if this account did it, on another device.
        receipt: The kind of the receipt.
        message_ids: The ids of the messages.
        seen_at: When.
    """

    type = "receipt"
    number = 310
    durable = True
    droppable = False

    chat: str
    chat_phone: str | None
    sender: str
    sender_phone: str | None
    from_me: bool
    receipt: ReceiptKind
    message_ids: list[str]
    seen_at: datetime

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        chat: str,
        chat_phone: str | None,
        sender: str,
        sender_phone: str | None,
        from_me: bool,
        receipt: ReceiptKind,
        message_ids: list[str],
        seen_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["chat"] = chat
        own_["chat_phone"] = chat_phone
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["from_me"] = from_me
        own_["receipt"] = receipt
        own_["message_ids"] = message_ids
        own_["seen_at"] = seen_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["chat"],
            o["chat_phone"],
            o["sender"],
            o["sender_phone"],
            o["from_me"],
            o["receipt"],
            o["message_ids"],
            as_time(o["seen_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ChatActivity(Event):
    """A person is writing or recording, or stopped.

    Attributes:
        chat: The conversation's JID.
        chat_phone: The phone number of the person that the conversation is with, digits only, if it
            is known; null in a group.
        sender: The person's JID.
        sender_phone: The phone number of that person, digits only, if it is known.
        activity: The activity.
    """

    type = "chat.activity"
    number = 320
    durable = False
    droppable = True

    chat: str
    chat_phone: str | None
    sender: str
    sender_phone: str | None
    activity: ChatActivityKind

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        chat: str,
        chat_phone: str | None,
        sender: str,
        sender_phone: str | None,
        activity: ChatActivityKind,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["chat"] = chat
        own_["chat_phone"] = chat_phone
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["activity"] = activity

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["chat"],
            o["chat_phone"],
            o["sender"],
            o["sender_phone"],
            o["activity"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Presence(Event):
    """A person came online or went, as far as they show it. Asked for with `presence.subscribe`.

    Attributes:
        sender: The person's JID.
        sender_phone: The phone number of that person, digits only, if it is known.
        available: Set if they are there.
        last_seen_at: When they were there last, if they show it.
    """

    type = "presence"
    number = 321
    durable = False
    droppable = True

    sender: str
    sender_phone: str | None
    available: bool
    last_seen_at: datetime | None

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        sender: str,
        sender_phone: str | None,
        available: bool,
        last_seen_at: datetime | None,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["available"] = available
        own_["last_seen_at"] = last_seen_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["sender"],
            o["sender_phone"],
            o["available"],
            maybe_time(o["last_seen_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupUpdate(Event):
    """A group changed: its members, its name, its settings.

    Attributes:
        chat: The group's JID.
        sender: The person who changed it, if the server says.
        sender_phone: The phone number of that person, digits only, if it is known.
        change: The change, as a word: `add`, `remove`, `subject` and so on.
        members: The members concerned, as JIDs.
        member_phones: Their phone numbers, digits only, in the same order; an empty text for one
            that is not known.
        text: The new value, where the change has one.
        changed_at: When.
    """

    type = "group.update"
    number = 330
    durable = False
    droppable = True
    bounded = True

    chat: str
    sender: str | None
    sender_phone: str | None
    change: str
    members: list[str]
    member_phones: list[str]
    text: str | None = field(repr=False)
    changed_at: datetime

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        chat: str,
        sender: str | None,
        sender_phone: str | None,
        change: str,
        members: list[str],
        member_phones: list[str],
        text: str | None,
        changed_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["chat"] = chat
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["change"] = change
        own_["members"] = members
        own_["member_phones"] = member_phones
        own_["text"] = text
        own_["changed_at"] = changed_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["chat"],
            o["sender"],
            o["sender_phone"],
            o["change"],
            o["members"],
            o["member_phones"],
            o["text"],
            as_time(o["changed_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Call(Event):
    """A person calls. Calls cannot be taken here.

    Attributes:
        call_id: The call's id.
        sender: The caller's JID.
        sender_phone: The caller's phone number, digits only, if the server says it.
        stage: The stage of the call.
        video: Set if it is a video call.
        chat: The group, if it is a call in one.
        called_at: When.
    """

    type = "call"
    number = 340
    durable = False
    droppable = True
    bounded = True

    call_id: str
    sender: str
    sender_phone: str | None
    stage: CallStage
    video: bool
    chat: str | None
    called_at: datetime

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        call_id: str,
        sender: str,
        sender_phone: str | None,
        stage: CallStage,
        video: bool,
        chat: str | None,
        called_at: datetime,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["call_id"] = call_id
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["stage"] = stage
        own_["video"] = video
        own_["chat"] = chat
        own_["called_at"] = called_at

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["call_id"],
            o["sender"],
            o["sender_phone"],
            o["stage"],
            o["video"],
            o["chat"],
            as_time(o["called_at_ms"]),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class IdentityChanged(Event):
    """A person has a new identity key: a new phone, or a new installation. Their messages are still
    encrypted end to end.

    Attributes:
        sender: The person's JID.
        sender_phone: The phone number of that person, digits only, if it is known.
        device: The number of the device.
    """

    type = "identity.changed"
    number = 350
    durable = False
    droppable = True
    bounded = True

    sender: str
    sender_phone: str | None
    device: int

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        sender: str,
        sender_phone: str | None,
        device: int,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone
        own_["device"] = device

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["sender"],
            o["sender_phone"],
            o["device"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Result(Event):
    """The one answer to a request.

    Attributes:
        method: The request: `pairing.code`, `pairing.qr`, `pairing.passkey`, `session.logout`, or
            the method of `call()`.
        status: `0`, or the status of the failure.
        name: The name of that status.
        text: The reason of the failure, and what to do.
        key: The parameter or key concerned.
        retryable: Set if asking again can help.
        retry_after: The time to wait before that. In seconds.
        result: The result of the method as an object, `{}` if it gives nothing; null if the request
            failed.
    """

    type = "result"
    number = 400
    durable = False
    droppable = False

    method: str
    status: int
    name: str
    text: str | None
    key: str | None
    retryable: bool
    retry_after: float
    result: Any

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        method: str,
        status: int,
        name: str,
        text: str | None,
        key: str | None,
        retryable: bool,
        retry_after: float,
        result: Any,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["method"] = method
        own_["status"] = status
        own_["name"] = name
        own_["text"] = text
        own_["key"] = key
        own_["retryable"] = retryable
        own_["retry_after"] = retry_after
        own_["result"] = result

    @property
    def error(self) -> Error | None:
        """The status as an exception to raise; None when nothing went wrong."""
        return self._error()

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["method"],
            o["status"],
            o["name"],
            o["text"],
            o["key"],
            o["retryable"],
            o["retry_after_ms"] / 1000,
            o["result"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Overflow(Event):
    """Events were dropped because nobody took them; stands where the first of them stood.

    Attributes:
        count: The number of dropped events.
    """

    type = "overflow"
    number = 500
    durable = False
    droppable = False

    count: int

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        count: int,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["count"] = count

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["count"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Log(Event):
    """A line of the library's log; see the key `log.level`.

    Attributes:
        level: The level of the line.
        target: The part of the library it comes from.
        text: The line. It holds no secret, and phone numbers are masked.
    """

    type = "log"
    number = 501
    durable = False
    droppable = True

    level: LogLevel
    target: str
    text: str

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        level: LogLevel,
        target: str,
        text: str,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["level"] = level
        own_["target"] = target
        own_["text"] = text

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["level"],
            o["target"],
            o["text"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Closed(Event):
    """The client is closed. Always its last event.

    Attributes:
        reason: The reason.
        status: The reason as a status code; 0 when the host wished it.
        text: The reason in a sentence for the programmer.
    """

    type = "closed"
    number = 502
    durable = False
    droppable = False

    reason: CloseReason
    status: int
    text: str | None

    def __init__(
        self,
        id: int,
        client: int,
        request: int,
        time: datetime,
        redelivered: bool,
        reason: CloseReason,
        status: int,
        text: str | None,
    ) -> None:
        own_ = self.__dict__
        own_["id"] = id
        own_["client"] = client
        own_["request"] = request
        own_["time"] = time
        own_["redelivered"] = redelivered
        own_["reason"] = reason
        own_["status"] = status
        own_["text"] = text

    @property
    def error(self) -> Error | None:
        """The status as an exception to raise; None when nothing went wrong."""
        return self._error()

    @classmethod
    def _make(cls, o: dict[str, Any]) -> Event:
        return cls(
            o["id"],
            o["client"],
            o["request"],
            as_time(o["time_ms"]),
            o["redelivered"],
            o["reason"],
            o["status"],
            o["text"],
        )


BY_NAME: dict[str, type[Event]] = {
    "connection": Connection,
    "ready": Ready,
    "logged_out": LoggedOut,
    "restricted": Restricted,
    "pairing.code": PairingCode,
    "pairing.qr": PairingQr,
    "pairing.progress": PairingProgress,
    "pairing.expired": PairingExpired,
    "pairing.error": PairingFailed,
    "pairing.passkey": PairingPasskey,
    "pairing.success": PairingSuccess,
    "message": Message,
    "message.unreadable": MessageUnreadable,
    "message.waiting": MessageWaiting,
    "receipt": Receipt,
    "chat.activity": ChatActivity,
    "presence": Presence,
    "group.update": GroupUpdate,
    "call": Call,
    "identity.changed": IdentityChanged,
    "result": Result,
    "overflow": Overflow,
    "log": Log,
    "closed": Closed,
}

# The makers of events of their JSON objects.
MAKERS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "connection": Connection._make,
    "ready": Ready._make,
    "logged_out": LoggedOut._make,
    "restricted": Restricted._make,
    "pairing.code": PairingCode._make,
    "pairing.qr": PairingQr._make,
    "pairing.progress": PairingProgress._make,
    "pairing.expired": PairingExpired._make,
    "pairing.error": PairingFailed._make,
    "pairing.passkey": PairingPasskey._make,
    "pairing.success": PairingSuccess._make,
    "message": Message._make,
    "message.unreadable": MessageUnreadable._make,
    "message.waiting": MessageWaiting._make,
    "receipt": Receipt._make,
    "chat.activity": ChatActivity._make,
    "presence": Presence._make,
    "group.update": GroupUpdate._make,
    "call": Call._make,
    "identity.changed": IdentityChanged._make,
    "result": Result._make,
    "overflow": Overflow._make,
    "log": Log._make,
    "closed": Closed._make,
}

__all__ = [
    "BY_NAME",
    "Call",
    "CallStage",
    "ChatActivity",
    "ChatActivityKind",
    "CloseReason",
    "Closed",
    "Connection",
    "ConnectionState",
    "Event",
    "GroupUpdate",
    "IdentityChanged",
    "Log",
    "LogLevel",
    "LoggedOut",
    "LogoutReason",
    "Message",
    "MessageUnreadable",
    "MessageWaiting",
    "OutcomeStage",
    "Overflow",
    "PairingCode",
    "PairingExpired",
    "PairingFailed",
    "PairingMethod",
    "PairingPasskey",
    "PairingProgress",
    "PairingQr",
    "PairingStage",
    "PairingSuccess",
    "PasskeyStep",
    "Presence",
    "Ready",
    "Receipt",
    "ReceiptKind",
    "Restricted",
    "RestrictionKind",
    "RestrictionScope",
    "Result",
    "UnknownEvent",
    "UnreadableReason",
    "WaitReason",
]

# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
"""The library's events: one frozen dataclass for each type.

Times are aware `datetime`s in UTC, durations are seconds. Types and fields are described in include/EVENTS.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ._event import Event, QrCode, UnknownEvent
from ._units import as_time, maybe_seconds, maybe_time

if TYPE_CHECKING:
    from ._error import Error

# Why a client is closed.
CloseReason = Literal[
    # The host called `close()` or `free()`.
    "by_host",
    # The session was logged out, which ends its client.
    "logged_out",
    # The client met a fault of its own or of its store and cannot go on.
    "failed",
]

# Where the connection stands.
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

# How much a log line matters.
LogLevel = Literal[
    # Something went wrong.
    "error",
    # Something looks wrong.
    "warn",
    # What a person running the program wants to know.
    "info",
    # What a programmer looking for a fault wants to know.
    "debug",
    # Every stanza, without its secrets.
    "trace",
]

# Why a session ended.
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

# Where on its way a pairing, or an attempt of it, ended.
OutcomeStage = Literal[
    # What the host handed in; nothing was sent.
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

# How a pairing was asked for.
PairingMethod = Literal[
    # By a code typed on the phone.
    "code",
    # By a QR code scanned with the phone.
    "qr",
    # By a passkey, which the account demanded in the course of the two others.
    "passkey",
]

# How far a pairing has come.
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

# What the passkey flow wants from the host.
PasskeyStep = Literal[
    # An assertion for the challenge in `options`: `answer_passkey()`.
    "required",
    # The user compares `display` with what the phone shows: `confirm_passkey()`.
    "confirm",
]

# What kind of restriction the server put up.
RestrictionKind = Literal[
    # Banned for a time.
    "temporary_ban",
    # Banned.
    "account_banned",
    # Locked, or no longer registered on its phone.
    "account_locked",
    # This version of the client is refused.
    "client_outdated",
    # Starting conversations is not allowed for a time.
    "time_lock",
    # Too many requests.
    "rate_limit",
    # Linking by code is refused for this account.
    "pairing_refused",
]

# What a restriction holds for.
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


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Connection(Event):
    """The connection changed its state.

    Attributes:
        state: Where the connection stands now.
        reason: Why, as a stable word, when it was lost or given up.
        status: Why, as a status code; 0 when nothing went wrong.
        text: Why, in a sentence for the programmer.
        retry_in: Time until the next attempt, when reconnecting. In seconds.
        attempt: How many attempts in a row have failed.
    """

    type = "connection"
    number = 100
    durable = False
    droppable = True

    state: ConnectionState
    reason: str | None
    status: int
    text: str | None
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
        own_["retry_in"] = retry_in
        own_["attempt"] = attempt

    @property
    def error(self) -> Error | None:
        """What the status says, as an exception to raise; None when nothing went wrong."""
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
        first_login: Whether this is the first login since pairing.
    """

    type = "ready"
    number = 101
    durable = False
    droppable = True

    jid: str
    lid: str | None
    phone: str
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
            o["first_login"],
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LoggedOut(Event):
    """The session was logged out and its keys are erased. The last event before `closed`.

    Attributes:
        reason: Who ended it.
        user_text: What to tell the user.
        text: What the server said about it, if anything.
        may_be_listed: Whether the phone may still list the device, because the server could not be
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
        kind: What kind of restriction it is.
        scope: What it holds for.
        starts_at: When it begins, if that is not now.
        ends_at: When it ends, if the server said so.
        code: The server's own number for the cause, if it gave one.
        user_text: What to tell the user.
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
        custom: Whether the host chose it.
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
        of: How many the series has.
        updated: Whether it replaces one that was still valid, because the server asked for a fresh
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
        user_text: What to tell the user.
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
        stage: Where it ended.
        method: By code, QR or passkey.
        status: The outcome's class as a status code.
        user_text: What to tell the user.
        retryable: Whether asking again can help.
        retry_after: How long to wait before that. In seconds.
        refreshing: Whether a new code comes by itself: the request goes on.
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
        """What the status says, as an exception to raise; None when nothing went wrong."""
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
        stage: Where it ended.
        method: By code, QR or passkey.
        status: The outcome's class as a status code.
        user_text: What to tell the user.
        text: What the programmer wants to know beside that.
        retryable: Whether asking again can help.
        retry_after: How long to wait before that. In seconds.
        server_code: The server's error code, if it gave one.
        refreshing: Whether the library tries again by itself: the request goes on.
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
        """What the status says, as an exception to raise; None when nothing went wrong."""
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
        step: What is wanted from the host.
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
class Result(Event):
    """The one answer to a request.

    Attributes:
        method: What was asked for: `pairing.code`, `pairing.qr`, `pairing.passkey`,
            `session.logout`, or the method of wa_call.
        status: WA_OK, or why it failed.
        name: The name of that status.
        text: Why it failed, and what to do.
        key: The parameter or key concerned.
        retryable: Whether asking again can help.
        retry_after: How long to wait before that. In seconds.
        result: What the method gives, when it succeeded.
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
        """What the status says, as an exception to raise; None when nothing went wrong."""
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
        count: How many were dropped.
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
        level: How much it matters.
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
        reason: Why.
        status: Why, as a status code; 0 when the host wished it.
        text: Why, in a sentence for the programmer.
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
        """What the status says, as an exception to raise; None when nothing went wrong."""
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
    "result": Result,
    "overflow": Overflow,
    "log": Log,
    "closed": Closed,
}

# What makes an event of its JSON object.
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
    "result": Result._make,
    "overflow": Overflow._make,
    "log": Log._make,
    "closed": Closed._make,
}

__all__ = [
    "BY_NAME",
    "CloseReason",
    "Closed",
    "Connection",
    "ConnectionState",
    "Event",
    "Log",
    "LogLevel",
    "LoggedOut",
    "LogoutReason",
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
    "Ready",
    "Restricted",
    "RestrictionKind",
    "RestrictionScope",
    "Result",
    "UnknownEvent",
]

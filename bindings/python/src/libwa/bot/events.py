"""The events of a bot beside messages, by the names that `bot.on` takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from ..events import (
    Call,
    ChatActivity,
    IdentityChanged,
    MessageUnreadable,
    MessageWaiting,
    PairingQr,
    Presence,
    Receipt,
)

__all__ = [
    "Call",
    "ChatActivity",
    "Connecting",
    "Disconnected",
    "IdentityChanged",
    "Logout",
    "MessageUnreadable",
    "MessageWaiting",
    "PairingCode",
    "PairingError",
    "PairingExpired",
    "PairingPasskey",
    "PairingQr",
    "PairingReminder",
    "Presence",
    "Receipt",
    "Reconnecting",
    "Restricted",
    "User",
]

#: The steps to type a code into the phone.
STEPS = (
    "Open WhatsApp on your phone",
    "Go to Settings > Linked devices",
    "Tap Link a device",
    "Tap Link with phone number instead",
    "Enter the code",
)

#: The steps to scan a QR code.
QR_STEPS = (
    "Open WhatsApp on your phone",
    "Go to Settings > Linked devices",
    "Tap Link a device",
    "Scan the QR code",
)

#: The words `logout` can have as its reason.
LogoutReason = Literal["by_host", "by_phone", "phone_reset", "link_revoked", "account_locked", "account_banned"]


def seconds_until(moment: datetime) -> float:
    """The seconds that are left until then; never less than 0."""
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


@dataclass(frozen=True)
class PairingCode:
    """`pairing.code`: a code to type into the phone, good for one use.

    Attributes:
        code: The eight characters.
        display: The same in two groups: "ABCD-EFGH".
        expires_at: When it ends.
        attempt: 1 for the first code of this start, more for those that follow one that failed.
        steps: The steps on the phone, line by line.
    """

    code: str = field(repr=False)
    display: str = field(repr=False)
    expires_at: datetime
    attempt: int
    steps: tuple[str, ...] = STEPS

    @property
    def expires_in(self) -> float:
        """Seconds left."""
        return seconds_until(self.expires_at)


@dataclass(frozen=True)
class PairingReminder(PairingCode):
    """`pairing.reminder`: the code, which was not used yet, ends soon."""


@dataclass(frozen=True)
class PairingExpired:
    """`pairing.expired`: a code, or all QR codes, ended unused.

    Attributes:
        message: The text to show to the user.
        retry_in: Seconds until the bot asks for another one by itself; None when it does not, and stops.
    """

    message: str
    retry_in: float | None


@dataclass(frozen=True)
class PairingError:
    """`pairing.error`: linking failed.

    Attributes:
        kind: The reason, as a stable word: an outcome of include/EVENTS.md, such as "rate_limited".
        message: The text to show to the user.
        detail: Further detail for the programmer.
        retryable: Whether asking again can help.
        retry_after: Seconds to wait before that, if there is a need to.
        retry_in: Seconds until the bot asks again by itself; None when it does not, and stops.
        server_code: The server's number for it, if it gave one.
    """

    kind: str
    message: str
    detail: str | None
    retryable: bool
    retry_after: float | None
    retry_in: float | None
    server_code: int | None


@dataclass(frozen=True)
class PairingPasskey:
    """`pairing.passkey`: the account confirms new devices with its passkey.

    Attributes:
        step: "required" asks for `answer()`, "confirm" for `confirm()`.
        options: The WebAuthn request options, JSON, for the step "required".
        display: The code to compare with the one on the phone, for the step "confirm".
        expires_at: When the exchange is given up.
    """

    step: Literal["required", "confirm"]
    options: str | None = field(repr=False)
    display: str | None = field(repr=False)
    expires_at: datetime
    _answer: Callable[[str], Awaitable[None]] = field(repr=False)
    _confirm: Callable[[], Awaitable[None]] = field(repr=False)

    async def answer(self, assertion_json: str) -> None:
        """Hands in what the authenticator made of the options: a WebAuthn assertion as JSON."""
        await self._answer(assertion_json)

    async def confirm(self) -> None:
        """Says that the user has compared the codes and found them equal."""
        await self._confirm()


@dataclass(frozen=True)
class User:
    """`ready`: the account that the bot is linked to. Comes after every login.

    Attributes:
        name: The account's name as contacts see it, or its masked number as long as WhatsApp has not told the name.
        phone: Its number, digits only.
        jid: The bot's own device.
        lid: The same under the account's other name, if it is known.
        first_login: Whether the bot has just been linked.
    """

    name: str
    phone: str = field(repr=False)
    jid: str = field(repr=False)
    lid: str | None = field(repr=False)
    first_login: bool


@dataclass(frozen=True)
class Connecting:
    """`connecting`: a connection is being made.

    Attributes:
        attempt: Its number among the attempts since the last login, from 1.
    """

    attempt: int


@dataclass(frozen=True)
class Reconnecting:
    """`reconnecting`: the connection was lost, and is made again by itself.

    Attributes:
        reason: The reason, as a stable word, such as "closed".
        detail: The reason, in a sentence for the programmer.
        retry_in: Seconds until the next attempt.
        attempt: The number of attempts in a row that have failed.
    """

    reason: str | None
    detail: str | None
    retry_in: float
    attempt: int


@dataclass(frozen=True)
class Disconnected:
    """`disconnected`: there is no connection, and none will be made by itself.

    Attributes:
        reason: The reason, as a stable word: "by_host" when the bot wished it, else "replaced" and so on.
        detail: The reason, in a sentence for the programmer.
    """

    reason: str | None
    detail: str | None


@dataclass(frozen=True)
class Restricted:
    """`restricted`: WhatsApp restricts the account or this program.

    Attributes:
        kind: The kind of restriction: "temporary_ban", "account_banned", "account_locked", "client_outdated", "time_lock",
            "rate_limit" or "pairing_refused".
        scope: The scope of the restriction: "account", "client", "connection", "pairing" or "new_chats".
        message: The text to show to the user.
        starts_at: When it begins, if that is not now.
        ends_at: When it ends, if that is known.
        code: The server's own number for the cause, if it gave one.
    """

    kind: str
    scope: str
    message: str
    starts_at: datetime | None
    ends_at: datetime | None
    code: int | None


@dataclass(frozen=True)
class Logout:
    """`logout`: the device is unlinked and the session's keys are gone. The bot stops.

    Attributes:
        reason: The reason for the logout.
        message: The text to show to the user.
        may_be_listed: Whether the phone may still list the device, because WhatsApp could not be told.
    """

    reason: LogoutReason
    message: str
    may_be_listed: bool

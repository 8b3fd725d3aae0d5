# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The requests that have a function of their own in the C interface."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ._methods import MessageSend


class AsyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Awaitable[Any]:
        raise NotImplementedError

    async def logout(self) -> None:
        """Unlinks the device: the server is told and the session's keys are erased. The request's
        `result` comes first, then `logged_out` and `closed`, which end the client. When the server
        cannot be told, the keys are erased all the same and `logged_out` says that the phone may
        still list the device.
        """
        await self._request("wa_logout")

    async def request_pairing(self, phone: str, code: str | None = None) -> None:
        """Asks for a pairing code, which the user types into the phone: WhatsApp, Settings, Linked
        devices, Link a device, Link with phone number instead. The event `pairing.code` brings it
        once the server has accepted it; `pairing.progress`, `pairing.expired`, `pairing.error` and
        `pairing.success` tell how it goes on, and one `result` event ends the request. May be
        called right after `connect()`: it waits for the connection. The result says
        `PairingOutstandingError`: use the code shown, or give it up by leaving the loop;
        `PairingLimitError`: wait for as long as it says; `PairingExpiredError`,
        `PhoneDidNotFinishError` or `ConnectionLostError`: ask for a new code; `CodeRefusedError`,
        `RateLimitedError`, `FeatureUnavailableError`, `ServerError`, `RequestTimeoutError` or
        `ProtocolError`: the server gives no code; `PairingFailedError`, `PasskeyFailedError` or
        `PairingNotGenuineError`: the code was typed in vain; `NotConnectedError`: no connection
        could be made, and its text says why; `ServerNotTrustedError`, `TemporarilyBannedError`,
        `AccountBannedError`, `AccountLockedError`, `ClientOutdatedError`, `ClientRefusedError`,
        `VersionRefusedError` or `ReplacedError`: the server does not let this client in. A
        `pairing.error` or `pairing.expired` before it names the outcome, one of those that
        EVENTS.md lists.

        Args:
            phone: the account's phone number in international form, 7 to 15 digits, with or without
                a leading "+".
            code: eight characters of the pairing alphabet (1 to 9, A to Z without I, O and U) to
                use as the code; None for a random one, which is safer.
        """
        await self._request("wa_request_pairing", phone, code)

    async def request_qr(self) -> None:
        """Asks for QR codes, which the user scans with the phone: WhatsApp, Settings, Linked
        devices, Link a device. Events `pairing.qr` bring one after the other; `PairingQr.svg()`
        draws them. One `result` event ends the request. May be called right after `connect()`: it
        waits for the connection. The result says `PairingOutstandingError`: QR codes are being
        shown; `PairingExpiredError`: all of them were; `NotConnectedError`,
        `ServerNotTrustedError`, `TemporarilyBannedError`, `AccountBannedError`,
        `AccountLockedError`, `ClientOutdatedError`, `ClientRefusedError`, `VersionRefusedError` or
        `ReplacedError` as for `request_pairing()`. After any other failure the QR codes go on.
        """
        await self._request("wa_request_qr")

    async def answer_passkey(self, assertion_json: str) -> None:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge. The result says `InvalidJsonError`: it is no such
        assertion, try again; `InvalidStateError`: no challenge is open.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        await self._request("wa_answer_passkey", assertion_json)

    async def confirm_passkey(self) -> None:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked. The result says
        `InvalidStateError`: there is nothing to confirm.
        """
        await self._request("wa_confirm_passkey")

    async def send_text(self, chat: str, text: str, message_id: str | None = None) -> MessageSend:
        """Sends a text to a person or a group. Returns at once; the `result` event says when the
        server has the message, with `message_id`, `chat` and `sent_at_ms`, or why it could not be
        sent. Without a connection the message waits for one, across restarts of the program too.
        Messages to one chat leave in the order of the calls. The result says `NoRecipientError`:
        the number is not on WhatsApp; `TimeLockedError`: no new chats for a time;
        `InvalidArgumentError`: the id is that of a message to another chat; `BadRequestError`,
        `ForbiddenError`, `NotFoundError`, `FeatureUnavailableError` or `RefusedError`: the server
        does not take it; `RateLimitedError`, `ServerError` or `RequestTimeoutError`: it was tried
        several times, send it again later.

        Args:
            chat: where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            text: the text, at most 65,536 characters.
            message_id: an id for the message that the host chooses, at most 128 bytes; None for a
                new one. Sending again with the same id, after a crash for example, sends nothing
                twice: the result is that of the first time.
        """
        return MessageSend._make(await self._request("wa_send_text", chat, text, message_id))

    async def send_message(self, chat: str, message: bytes, message_id: str | None = None) -> MessageSend:
        """Sends a serialised protobuf message (the `Message` of WhatsApp's protocol), for content
        that no other call makes. It is sent as it is, with whatever this version of the library
        does not know of it. The method `message.send` of `call()` sends replies, mentions and more
        without protobuf. The result says what that of `send_text()` says, and `TooLongError`: too
        large for all devices of the recipient together.

        Args:
            chat: where it goes, as for `send_text()`.
            message: the bytes.
            message_id: an id for the message that the host chooses, at most 128 bytes; None for a
                new one. Sending again with the same id, after a crash for example, sends nothing
                twice: the result is that of the first time.
        """
        return MessageSend._make(await self._request("wa_send_message", chat, message, len(message or b""), message_id))


class SyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Any:
        raise NotImplementedError

    def logout(self) -> None:
        """Unlinks the device: the server is told and the session's keys are erased. The request's
        `result` comes first, then `logged_out` and `closed`, which end the client. When the server
        cannot be told, the keys are erased all the same and `logged_out` says that the phone may
        still list the device.
        """
        self._request("wa_logout")

    def request_pairing(self, phone: str, code: str | None = None) -> None:
        """Asks for a pairing code, which the user types into the phone: WhatsApp, Settings, Linked
        devices, Link a device, Link with phone number instead. The event `pairing.code` brings it
        once the server has accepted it; `pairing.progress`, `pairing.expired`, `pairing.error` and
        `pairing.success` tell how it goes on, and one `result` event ends the request. May be
        called right after `connect()`: it waits for the connection. The result says
        `PairingOutstandingError`: use the code shown, or give it up by leaving the loop;
        `PairingLimitError`: wait for as long as it says; `PairingExpiredError`,
        `PhoneDidNotFinishError` or `ConnectionLostError`: ask for a new code; `CodeRefusedError`,
        `RateLimitedError`, `FeatureUnavailableError`, `ServerError`, `RequestTimeoutError` or
        `ProtocolError`: the server gives no code; `PairingFailedError`, `PasskeyFailedError` or
        `PairingNotGenuineError`: the code was typed in vain; `NotConnectedError`: no connection
        could be made, and its text says why; `ServerNotTrustedError`, `TemporarilyBannedError`,
        `AccountBannedError`, `AccountLockedError`, `ClientOutdatedError`, `ClientRefusedError`,
        `VersionRefusedError` or `ReplacedError`: the server does not let this client in. A
        `pairing.error` or `pairing.expired` before it names the outcome, one of those that
        EVENTS.md lists.

        Args:
            phone: the account's phone number in international form, 7 to 15 digits, with or without
                a leading "+".
            code: eight characters of the pairing alphabet (1 to 9, A to Z without I, O and U) to
                use as the code; None for a random one, which is safer.
        """
        self._request("wa_request_pairing", phone, code)

    def request_qr(self) -> None:
        """Asks for QR codes, which the user scans with the phone: WhatsApp, Settings, Linked
        devices, Link a device. Events `pairing.qr` bring one after the other; `PairingQr.svg()`
        draws them. One `result` event ends the request. May be called right after `connect()`: it
        waits for the connection. The result says `PairingOutstandingError`: QR codes are being
        shown; `PairingExpiredError`: all of them were; `NotConnectedError`,
        `ServerNotTrustedError`, `TemporarilyBannedError`, `AccountBannedError`,
        `AccountLockedError`, `ClientOutdatedError`, `ClientRefusedError`, `VersionRefusedError` or
        `ReplacedError` as for `request_pairing()`. After any other failure the QR codes go on.
        """
        self._request("wa_request_qr")

    def answer_passkey(self, assertion_json: str) -> None:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge. The result says `InvalidJsonError`: it is no such
        assertion, try again; `InvalidStateError`: no challenge is open.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        self._request("wa_answer_passkey", assertion_json)

    def confirm_passkey(self) -> None:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked. The result says
        `InvalidStateError`: there is nothing to confirm.
        """
        self._request("wa_confirm_passkey")

    def send_text(self, chat: str, text: str, message_id: str | None = None) -> MessageSend:
        """Sends a text to a person or a group. Returns at once; the `result` event says when the
        server has the message, with `message_id`, `chat` and `sent_at_ms`, or why it could not be
        sent. Without a connection the message waits for one, across restarts of the program too.
        Messages to one chat leave in the order of the calls. The result says `NoRecipientError`:
        the number is not on WhatsApp; `TimeLockedError`: no new chats for a time;
        `InvalidArgumentError`: the id is that of a message to another chat; `BadRequestError`,
        `ForbiddenError`, `NotFoundError`, `FeatureUnavailableError` or `RefusedError`: the server
        does not take it; `RateLimitedError`, `ServerError` or `RequestTimeoutError`: it was tried
        several times, send it again later.

        Args:
            chat: where it goes: the chat of an event, a JID, or a phone number with its country
                code.
            text: the text, at most 65,536 characters.
            message_id: an id for the message that the host chooses, at most 128 bytes; None for a
                new one. Sending again with the same id, after a crash for example, sends nothing
                twice: the result is that of the first time.
        """
        return MessageSend._make(self._request("wa_send_text", chat, text, message_id))

    def send_message(self, chat: str, message: bytes, message_id: str | None = None) -> MessageSend:
        """Sends a serialised protobuf message (the `Message` of WhatsApp's protocol), for content
        that no other call makes. It is sent as it is, with whatever this version of the library
        does not know of it. The method `message.send` of `call()` sends replies, mentions and more
        without protobuf. The result says what that of `send_text()` says, and `TooLongError`: too
        large for all devices of the recipient together.

        Args:
            chat: where it goes, as for `send_text()`.
            message: the bytes.
            message_id: an id for the message that the host chooses, at most 128 bytes; None for a
                new one. Sending again with the same id, after a crash for example, sends nothing
                twice: the result is that of the first time.
        """
        return MessageSend._make(self._request("wa_send_message", chat, message, len(message or b""), message_id))

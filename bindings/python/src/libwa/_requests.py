# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
"""The requests that have a function of their own in the C interface."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any


class AsyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Awaitable[Any]:
        raise NotImplementedError

    async def request_pairing(self, phone: str, code: str | None = None) -> None:
        """Asks for a pairing code, which the user types into the phone: WhatsApp, Settings, Linked
        devices, Link a device, Link with phone number instead. The event `pairing.code` brings it
        once the server has accepted it; `pairing.progress`, `pairing.expired`, `pairing.error` and
        `pairing.success` tell how it goes on, and one `result` event ends the request. May be
        called right after `connect()`: it waits for the connection.

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
        waits for the connection.
        """
        await self._request("wa_request_qr")

    async def answer_passkey(self, assertion_json: str) -> None:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        await self._request("wa_answer_passkey", assertion_json)

    async def confirm_passkey(self) -> None:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked.
        """
        await self._request("wa_confirm_passkey")

    async def logout(self) -> None:
        """Unlinks the device: the server is told, the session's keys are erased, and the events
        `logged_out` and `closed` end the client. When the server cannot be told, the keys are
        erased all the same and the event says that the phone may still list the device.
        """
        await self._request("wa_logout")


class SyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Any:
        raise NotImplementedError

    def request_pairing(self, phone: str, code: str | None = None) -> None:
        """Asks for a pairing code, which the user types into the phone: WhatsApp, Settings, Linked
        devices, Link a device, Link with phone number instead. The event `pairing.code` brings it
        once the server has accepted it; `pairing.progress`, `pairing.expired`, `pairing.error` and
        `pairing.success` tell how it goes on, and one `result` event ends the request. May be
        called right after `connect()`: it waits for the connection.

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
        waits for the connection.
        """
        self._request("wa_request_qr")

    def answer_passkey(self, assertion_json: str) -> None:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        self._request("wa_answer_passkey", assertion_json)

    def confirm_passkey(self) -> None:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked.
        """
        self._request("wa_confirm_passkey")

    def logout(self) -> None:
        """Unlinks the device: the server is told, the session's keys are erased, and the events
        `logged_out` and `closed` end the client. When the server cannot be told, the keys are
        erased all the same and the event says that the phone may still list the device.
        """
        self._request("wa_logout")

# Made from include/wa.h and the tables in src/api. Do not edit: WA_UPDATE=1 cargo test --test generated
"""The requests that have a function of their own in the C interface."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any


class AsyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Awaitable[Any]:
        raise NotImplementedError

    async def answer_passkey(self, assertion_json: str) -> Any:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        return await self._request("wa_answer_passkey", assertion_json)

    async def confirm_passkey(self) -> Any:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked.
        """
        return await self._request("wa_confirm_passkey")

    async def logout(self) -> Any:
        """Unlinks the device: the server is told, the session's keys are erased, and the events
        `logged_out` and `closed` end the client. When the server cannot be told, the keys are
        erased all the same and the event says that the phone may still list the device.
        """
        return await self._request("wa_logout")


class SyncRequests:
    """Each makes its request and waits for the answer."""

    def _request(self, function: str, *args: Any) -> Any:
        raise NotImplementedError

    def answer_passkey(self, assertion_json: str) -> Any:
        """Answers the event `pairing.passkey` of the step `required` with what the user's
        authenticator made of the challenge.

        Args:
            assertion_json: the WebAuthn assertion as JSON: id, rawId, type and response, binary
                parts in base64url without padding.
        """
        return self._request("wa_answer_passkey", assertion_json)

    def confirm_passkey(self) -> Any:
        """Says that the user compared the code of the event `pairing.passkey`, step `confirm`, with
        the one on the phone and found them equal. Only then is the account linked.
        """
        return self._request("wa_confirm_passkey")

    def logout(self) -> Any:
        """Unlinks the device: the server is told, the session's keys are erased, and the events
        `logged_out` and `closed` end the client. When the server cannot be told, the keys are
        erased all the same and the event says that the phone may still list the device.
        """
        return self._request("wa_logout")

"""One simulated phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._control import Control


@dataclass(frozen=True)
class Outcome:
    """What came of typing a code or scanning a QR code.

    Attributes:
        outcome: "linked", or why not, such as "wrong_code"; the simulator's README lists them.
        message: The same in a sentence.
        device: The JID of the new device, if it was linked.
    """

    outcome: str
    message: str
    device: str | None

    @property
    def linked(self) -> bool:
        """Whether the device was linked."""
        return self.outcome == "linked"


class Phone:
    """A phone with an account, to which devices are linked. `Simulator.phone` makes it."""

    def __init__(self, control: Control, digits: str) -> None:
        self._control = control
        self._path = f"/phones/{digits}"
        #: The number as `Client.pair` takes it.
        self.number = f"+{digits}"

    def __repr__(self) -> str:
        return f"<libwa.testing.Phone {self.number}>"

    def enter(self, code: str, **options: Any) -> Outcome:
        """Types a code, and comes back when it is decided. Options: `delay_ms`, `wait_ms`, `hellos`."""
        return self._outcome("enter", {"code": code, **options})

    def scan(self, qr: str) -> Outcome:
        """Scans the payload of a QR code, and comes back when it is decided."""
        return self._outcome("scan", {"qr": qr})

    def unlink(self, device: int | None = None) -> None:
        """Unlinks the companion of this number, or all of them."""
        self._control("POST", f"{self._path}/unlink", {"all": True} if device is None else {"device": device})

    def refresh_code(self, force_manual: bool = False) -> None:
        """Retires the code that waits for this phone, as the server does at times."""
        self._control("POST", f"{self._path}/refresh_code", {"force_manual": force_manual})

    def confirm(self, same: bool = True) -> None:
        """The user has compared the codes of a passkey exchange."""
        self._control("POST", f"{self._path}/confirm", {"same": same})

    def reinstall(self, unlink: bool = True) -> None:
        """WhatsApp is set up anew on the phone, with another identity."""
        self._control("POST", f"{self._path}/reinstall", {"unlink": unlink})

    def push(self, device: int, stanza: dict[str, Any]) -> None:
        """Queues a stanza for a companion."""
        self._control("POST", f"{self._path}/push", {"device": device, "stanza": stanza})

    def set(self, **switches: Any) -> None:
        """Changes how the phone behaves: `passkey="before_finish"`, `refuse_code={"code": 429}` and so on."""
        self._control("PATCH", self._path, switches)

    def remove(self) -> None:
        """Unlinks all companions and removes the phone."""
        self._control("DELETE", self._path)

    @property
    def state(self) -> dict[str, Any]:
        """All that the simulator tells of the phone: `screen`, `request`, `companions`, `switches`."""
        answer: dict[str, Any] = self._control("GET", self._path)
        return answer

    @property
    def companions(self) -> list[dict[str, Any]]:
        """The devices linked to the account."""
        companions: list[dict[str, Any]] = self.state["companions"]
        return companions

    def _outcome(self, what: str, body: dict[str, Any]) -> Outcome:
        answer = self._control("POST", f"{self._path}/{what}", body)
        return Outcome(answer["outcome"], answer.get("message", ""), answer.get("device"))

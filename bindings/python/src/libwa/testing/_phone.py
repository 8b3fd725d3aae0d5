"""One simulated phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ._control import Control, settle, wait


def digits(number: str) -> str:
    """A number as the control API takes it; an address stays as it is."""
    return number if "@" in number else "".join(letter for letter in number if letter.isdigit())


@dataclass(frozen=True)
class Outcome:
    """The outcome of typing a code or scanning a QR code.

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
        """True if the device was linked."""
        return self.outcome == "linked"


class Phone:
    """A phone with an account, to which devices are linked. `Simulator.phone` makes it."""

    def __init__(self, control: Control, number: str) -> None:
        self._control = control
        self._path = f"/phones/{number}"
        #: The number as `Client.pair` takes it.
        self.number = f"+{number}"

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

    def send(self, to: str, text: str) -> str:
        """Has the person at the phone write to a number or a group, and gives the message's id."""
        return self._said("send", {"to": digits(to), "text": text})

    def vote(self, to: str, poll: str, options: Sequence[str], *, author: str) -> str:
        """Has the person vote in a poll, and gives the vote's id.

        Args:
            to: The chat with the poll: a number or a group.
            poll: The id of the message with the poll.
            options: The texts of the options that are chosen; none takes an earlier vote back.
            author: The number of who sent the poll.
        """
        target = {"id": poll, "from": digits(author)}
        return self._said("vote", {"to": digits(to), "target": target, "options": list(options)})

    def post_status(self, text: str, audience: Sequence[str] | None = None) -> str:
        """Has the person post to the status feed, for all phones or those of these numbers, and gives the post's id."""
        body: dict[str, Any] = {"text": text}
        if audience is not None:
            body["audience"] = [digits(number) for number in audience]
        return self._said("status", body)

    def set(self, **switches: Any) -> None:
        """Changes how the phone behaves: `passkey="before_finish"`, `refuse_code={"code": 429}` and so on."""
        self._control("PATCH", self._path, switches)

    def remove(self) -> None:
        """Unlinks all companions and removes the phone."""
        self._control("DELETE", self._path)

    def wait(self, condition: Callable[[dict[str, Any]], bool], timeout: float = 60.0) -> dict[str, Any]:
        """Waits until the phone is so, and gives all that the simulator tells of it: `screen`, `request`, `companions`, `switches`.

        What a client has just done may not have come to the phone yet. What has not happened is seen with `settled`.

        Raises:
            TimeoutError: It is not after so many seconds.
        """

        def look() -> dict[str, Any] | None:
            state = self._state()
            return state if condition(state) else None

        return wait(look, timeout, "that state of the phone")

    def wait_companions(self, count: int, timeout: float = 60.0) -> list[dict[str, Any]]:
        """Waits until so many devices are linked to the account, and gives them."""
        companions: list[dict[str, Any]] = self.wait(lambda state: len(state["companions"]) == count, timeout)["companions"]
        return companions

    def wait_heard(self, condition: Callable[[dict[str, Any]], bool], timeout: float = 60.0) -> dict[str, Any]:
        """Waits until the person has received a message that is so, and gives it: `id`, `chat`, `from`, `kind`, `text` ..."""

        def look() -> dict[str, Any] | None:
            return next((message for message in self._heard() if condition(message)), None)

        return wait(look, timeout, "that message")

    def wait_all_heard(self, condition: Callable[[list[dict[str, Any]]], bool], timeout: float = 60.0) -> list[dict[str, Any]]:
        """Waits until all that the person has received is so, and gives it."""

        def look() -> list[dict[str, Any]] | None:
            messages = self._heard()
            return messages if condition(messages) else None

        return wait(look, timeout, "those messages")

    def settled(self, timeout: float = 60.0) -> dict[str, Any]:
        """Gives what `wait` gives, once the simulator has settled; see `Simulator.settle`."""
        settle(self._control, timeout)
        return self._state()

    def settled_heard(self, timeout: float = 60.0) -> list[dict[str, Any]]:
        """Gives all that the person has received, once the simulator has settled; see `Simulator.settle`."""
        settle(self._control, timeout)
        return self._heard()

    def _state(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._control("GET", self._path)
        return answer

    def _heard(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._control("GET", f"{self._path}/heard")["messages"]
        return messages

    def _said(self, verb: str, body: dict[str, Any]) -> str:
        return str(self._control("POST", f"{self._path}/{verb}", body)["id"])

    def _outcome(self, what: str, body: dict[str, Any]) -> Outcome:
        answer = self._control("POST", f"{self._path}/{what}", body)
        return Outcome(answer["outcome"], answer.get("message", ""), answer.get("device"))

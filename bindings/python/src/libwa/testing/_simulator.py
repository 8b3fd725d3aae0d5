"""A running simulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from ._control import Control, settle, wait
from ._phone import Phone, digits

_INSIDE = Path(__file__).with_name("wa-sim")
# The status with which it ends if clients have violated the shapes of stanzas.
_VIOLATIONS = 3


def program() -> str:
    """Returns the path of wa-sim: the one that WA_SIM names, inside the wheel, or on the PATH."""
    chosen = os.environ.get("WA_SIM")
    if chosen:
        return chosen
    found = str(_INSIDE) if _INSIDE.exists() else shutil.which("wa-sim")
    if found is None:
        raise FileNotFoundError(
            "wa-sim, the simulated WhatsApp, was not found. Install libwa's wheel, which has it inside, or set WA_SIM "
            "to the program that `cargo build -p wa-sim` makes."
        )
    return found


class Simulator:
    """A simulated WhatsApp, which runs as long as this object is open.

        with Simulator() as sim:
            phone = sim.phone("+15550001234", name="Ada")
            client = libwa.Client(config=sim.config)

    Args:
        tls: Whether clients connect with TLS, as in earnest; without it they start faster.
        options: Options of the program, for example ["--refs", "3"]; `wa-sim --help` lists them.
    """

    def __init__(self, *, tls: bool = False, options: list[str] | None = None) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        # It ends with its standard input, so also when this process is killed.
        self._process = subprocess.Popen(
            [program(), "--exit-with-stdin", *(options or [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"wa-sim ended with {self._process.wait()} when it was started")
            #: Its addresses, root key and certificate, as it printed them.
            self.addresses: dict[str, Any] = json.loads(line)
            #: The options that lead a client here, for `Client(config=sim.config)`.
            self.config: dict[str, str] = {
                "server.url": self.addresses["wss" if tls else "ws"],
                "server.root_key": self.addresses["root_key"],
                "server.root_serial": str(self.addresses["root_serial"]),
                "client.version_url": self.addresses["version_page"],
                # Nobody here minds being written to.
                "pace.first_contacts_per_hour": "0",
            }
            if tls:
                self._folder = tempfile.TemporaryDirectory(prefix="libwa-")
                authority = Path(self._folder.name, "ca.pem")
                authority.write_text(self.addresses["ca_pem"])
                self.config["server.ca_file"] = str(authority)
            self._control = Control(self.addresses["control"])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def page(self) -> str:
        """The address of a web page with the simulated phones."""
        return f"{self.addresses['control']}/"

    def close(self) -> None:
        """Ends the simulator. May be repeated.

        Raises:
            RuntimeError: It ran with --check-shapes, and a client has sent what the official one does not.
        """
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        if process.returncode == _VIOLATIONS:
            raise RuntimeError("a client has sent what the official one does not; wa-sim has said what on standard error")

    def phone(self, number: str, name: str | None = None, **switches: Any) -> Phone:
        """Makes a phone. The switches say how it behaves; `Phone.set` changes them."""
        body: dict[str, Any] = {"number": digits(number), **switches}
        if name is not None:
            body["name"] = name
        self._control("POST", "/phones", body)
        return Phone(self._control, digits(number))

    def promote(self, group: str, *numbers: str, by: str | None = None) -> None:
        """Makes members of a group admins, in the name of its creator or of this member."""
        self._rank("promote", group, numbers, by)

    def demote(self, group: str, *numbers: str, by: str | None = None) -> None:
        """Makes admins of a group plain members again."""
        self._rank("demote", group, numbers, by)

    def _rank(self, verb: str, group: str, numbers: tuple[str, ...], by: str | None) -> None:
        body: dict[str, Any] = {"members": [digits(number) for number in numbers]}
        if by is not None:
            body["by"] = digits(by)
        self._control("POST", f"/groups/{group.partition('@')[0]}/{verb}", body)

    def phones(self) -> list[Phone]:
        """All phones there are."""
        return [Phone(self._control, phone["number"]) for phone in self._control("GET", "/phones")["phones"]]

    def fault(self, when: dict[str, Any], do: Any, times: int = 1) -> None:
        """Adds a rule by which the server misbehaves; `times` 0 is without end."""
        self._control("POST", "/faults", {"when": when, "do": do, "times": times})

    def clear_faults(self) -> None:
        """Removes all such rules."""
        self._control("DELETE", "/faults")

    def wait_connections(self, condition: Callable[[list[dict[str, Any]]], bool], timeout: float = 60.0) -> list[dict[str, Any]]:
        """Waits until the open connections are so, and gives them."""

        def look() -> list[dict[str, Any]] | None:
            connections: list[dict[str, Any]] = self._control("GET", "/connections")["connections"]
            return connections if condition(connections) else None

        return wait(look, timeout, "such connections")

    def settle(self, timeout: float = 60.0) -> None:
        """Waits until every client has answered a ping and every person has received what was sent to them.

        All that clients wrote before is handled then. A test that asserts that something has not happened, or a count that is
        final, settles first. What a client was told to do counts once it has said that it is done, by a result or an event.
        Connections that were silenced, or are amid their handshake, are passed over.

        Raises:
            SimulatorError: A client does not answer within so many seconds ("unsettled").
        """
        settle(self._control, timeout)

    def connection(self, number: int, action: str) -> None:
        """Does something to a connection: "close", "cut" or "silence"."""
        self._control("POST", f"/connections/{number}/{action}")

    def control(self, method: str, path: str, body: Any | None = None) -> Any:
        """Any other request of the control API, which the simulator's README describes.

        A GET gives the state of the moment, to which a client's doings may not have come yet: wait, or `settle` first.
        """
        return self._control(method, path, body)

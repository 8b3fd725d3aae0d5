"""Runs programs that are bots, as their users do, against a simulator."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from conftest import PATIENCE

from libwa.testing import Outcome, Phone, Simulator


def environment(sim: Simulator, folder: Path, **more: str) -> dict[str, str]:
    """The environment that leads a bot to the simulator."""
    path = os.pathsep.join(part for part in sys.path if part)
    names = {f"LIBWA_{key.upper().replace('.', '_')}": value for key, value in sim.config.items()}
    return {
        **{name: value for name, value in os.environ.items() if name not in ("PHONE_NUMBER", "SESSION_ID", "LOGIN_METHOD")},
        **names,
        "LIBWA_RECONNECT_BASE_MS": "20",
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "SESSION_DIR": str(folder / "sessions"),
        **more,
    }


class Program:
    """A program that runs; what it writes is collected."""

    def __init__(self, arguments: list[str], folder: Path, env: dict[str, str], user: int | None = None) -> None:
        """With a `user`, the arguments name the interpreter too."""
        mine = [sys.executable, "-W", "error::RuntimeWarning"] if user is None else []
        self.process = subprocess.Popen(
            [*mine, *arguments],
            cwd=folder,
            env=env,
            user=user,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.output = ""
        self.errors = ""
        self._changed = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("output", "errors")]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        stream = self.process.stdout if name == "output" else self.process.stderr
        assert stream is not None
        for line in stream:
            with self._changed:
                setattr(self, name, getattr(self, name) + line)
                self._changed.notify_all()

    def expect(self, pattern: str) -> re.Match[str]:
        """Waits until standard output has this in it."""
        ends = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                found = re.search(pattern, self.output)
                if found is not None:
                    return found
                alive = self.process.poll() is None or any(reader.is_alive() for reader in self._readers)
                assert alive and time.monotonic() < ends, f"no {pattern!r} in {self.output!r}; errors: {self.errors}"
                self._changed.wait(0.2)

    def link(self, phone: Phone) -> Outcome:
        """Types the code that it shows."""
        return phone.enter(self.expect(r"Pairing code: ([1-9A-Z]{4}-[1-9A-Z]{4})")[1])

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        self.process.kill()
        self._end()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it with a signal, and gives its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended by itself."""
        self.process.wait(PATIENCE)
        self._end()
        return self.process.returncode

    def _end(self) -> None:
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.kill()
        self._end()


class Somebody:
    """A person with a phone, for tests without asyncio."""

    def __init__(self, sim: Simulator, number: str, bot: str) -> None:
        self._phone = sim.phone(number, name="Ada")
        self._bot = bot

    def send(self, text: str) -> str:
        """Writes to the bot; gives the message's id."""
        return self._phone.send(self._bot, text)

    def heard(self, count: int) -> list[str | None]:
        """Waits until so many texts have come from the bot, and gives them, with those that come after them."""

        def texts(messages: list[dict[str, Any]]) -> list[str | None]:
            return [message.get("text") for message in messages if message["from"] == self._bot]

        self._phone.wait_all_heard(lambda messages: len(texts(messages)) >= count, PATIENCE)
        return texts(self._phone.settled_heard(PATIENCE))

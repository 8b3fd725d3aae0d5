"""The state that a bot that runs tells other processes: a small file beside its session, which `python -m libwa.bot status` reads.

Moments are those of the clock that goes on from the machine's start and is the same in all processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .files import read_small, write_small

# Far more bytes than a state has.
_LIMIT = 4096
# The interval at which a bot says that it is still there.
BEAT_SECONDS = 20.0


@dataclass(frozen=True)
class State:
    """The state of a bot that runs.

    Attributes:
        linked: Whether it is linked to an account.
        online: Whether it is logged in.
        since: Since when it is online, or is not.
        seen: When the bot wrote this.
    """

    linked: bool
    online: bool
    since: float
    seen: float

    def offline_for(self) -> float:
        """Seconds since the connection was lost; 0 while there is one."""
        return 0.0 if self.online else max(0.0, time.monotonic() - self.since)

    def silent_for(self) -> float:
        """Seconds since the bot was seen."""
        return max(0.0, time.monotonic() - self.seen)


def read_state(file: Path) -> State | None:
    """The state in a file; None when there is none that can be read."""
    try:
        return State(**json.loads(read_small(file, _LIMIT)))
    except (OSError, ValueError, TypeError):
        return None


class StateFile:
    """Writes the state of a run. To be made within its event loop."""

    def __init__(self, file: Path, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._file = file
        self._logger = logger
        now = time.monotonic()
        self._state = State(False, False, now, now)
        self._beat: asyncio.TimerHandle | None = None
        self._complained = False

    def change(self, *, linked: bool | None = None, online: bool | None = None) -> None:
        """Writes what has changed, and says from now on that the bot is there."""
        state = self._state
        if linked is not None:
            state = replace(state, linked=linked)
        if online is not None and online is not state.online:
            state = replace(state, online=online, since=time.monotonic())
        if state == self._state and self._beat is not None:
            return
        self._state = state
        self._write()

    def close(self) -> None:
        """Takes the file away."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
            with contextlib.suppress(OSError):
                self._file.unlink()

    def _write(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._beat = asyncio.get_running_loop().call_later(BEAT_SECONDS, self._write)
        self._state = replace(self._state, seen=time.monotonic())
        try:
            write_small(self._file, json.dumps(asdict(self._state)))
        except OSError as error:
            # A disk that is full is no reason to end a bot; `status` says that nothing is known.
            if not self._complained:
                self._logger.warning("%s cannot be written: %s", self._file, error.strerror)
            self._complained = True

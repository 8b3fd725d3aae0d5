"""Brings a session from wherever it stands to its first login: by a code, by QR codes, or by nothing when it is linked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Union

from .. import errors
from .. import events as library
from .._client import Client, PairingSteps
from .._error import Error
from . import events
from .login_display import Screen
from .options import Options

#: Tells the bot's listeners of something, by its name.
Emit = Callable[[str, object], None]
#: Hands on an event that the login took and does not end with.
Taken = Callable[[Union[library.LoggedOut, library.Restricted, library.Connection]], None]


# The errors of what the library refuses, or cannot do, before WhatsApp is asked for anything.
_ASKED_FOR_NOTHING = (errors.PairingLimitError, errors.NotConnectedError)


class Login:
    """The way of one client to `ready`."""

    def __init__(self, client: Client, options: Options, screen: Screen, emit: Emit, taken: Taken) -> None:
        self._client = client
        self._options = options
        self._screen = screen
        self._emit = emit
        self._taken = taken
        self._reminder: asyncio.Task[None] | None = None
        # The number of codes, or series of QR codes, that were asked for.
        self._codes = 0
        # Set if one came in this attempt.
        self._shown = False
        # The number of attempts in a row that came to nothing without counting.
        self._uncounted = 0

    async def run(self) -> library.Ready:
        """Comes back when the session is logged in.

        Raises:
            Error: It cannot be, or may not be tried again.
        """
        while True:
            self._client.connect()
            self._shown = False
            try:
                return await self._attempt()
            except Error as error:
                event = error.event
                if isinstance(event, (library.LoggedOut, library.Restricted)) and event.redelivered:
                    self._taken(event)
                    continue
                if isinstance(event, (library.LoggedOut, library.Restricted, library.Closed, library.Connection)):
                    raise
                wait = self._wait_after(error)
                self._tell_failure(error, wait)
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            finally:
                self._forget_reminder()

    def _wait_after(self, error: Error) -> float | None:
        """Seconds until the next attempt; None when there shall be none."""
        if not error.retryable:
            return None
        if not self._shown and isinstance(error, _ASKED_FOR_NOTHING):
            self._uncounted += 1
            return self._options.retry.wait_uncounted(self._uncounted, error.retry_after)
        self._uncounted = 0
        if not self._shown:
            self._codes += 1  # asked for, and refused
        return self._options.retry.wait(self._codes, error.retry_after)

    async def _attempt(self) -> library.Ready:
        phone = self._options.phone_number
        steps: PairingSteps = self._client.qr() if self._options.login_method == "qr" or phone is None else self._client.pair(phone)
        try:
            async for step in steps:
                if isinstance(step, library.Ready):
                    return step
                if not isinstance(step, (library.PairingProgress, library.Connection)):
                    self._forget_reminder()
                self._step(step)
        finally:
            # The request is cancelled now, and not when the exception is dropped.
            steps._pairing.close()
        raise AssertionError("a pairing ended without `ready`")

    def _step(self, step: library.Event) -> None:
        if isinstance(step, library.Connection):
            self._taken(step)
            return
        if isinstance(step, library.PairingCode) or (isinstance(step, library.PairingQr) and step.index == 1):
            self._codes += 1
            self._shown = True
        if isinstance(step, library.PairingCode):
            code = events.PairingCode(step.code, step.display, step.expires_at, self._codes)
            self._screen.code(code)
            self._reminder = asyncio.ensure_future(self._remind(code))
            self._emit("pairing.code", code)
        elif isinstance(step, library.PairingQr):
            self._screen.qr(step)
            self._emit("pairing.qr", step)
        elif isinstance(step, library.PairingPasskey):
            passkey = events.PairingPasskey(
                step.step, step.options, step.display, step.expires_at, self._client.answer_passkey, self._client.confirm_passkey
            )
            self._screen.passkey(passkey)
            self._emit("pairing.passkey", passkey)
        elif isinstance(step, library.PairingProgress):
            if step.stage not in ("requested", "code", "ready"):
                self._forget_reminder()
                self._screen.progress(step.user_text)
        elif isinstance(step, (library.PairingExpired, library.PairingFailed)):
            # The library asks for another code by itself, as its own keys tell it to, but not for more than may be asked for.
            if self._codes > self._options.retry.max and step.error is not None:
                raise step.error
            self._tell_ended(step, 0.0)

    async def _remind(self, code: events.PairingCode) -> None:
        before = self._options.code_reminder
        if before <= 0 or code.expires_in <= before:
            return
        await asyncio.sleep(code.expires_in - before)
        reminder = events.PairingReminder(code.code, code.display, code.expires_at, code.attempt)
        self._screen.reminder(reminder)
        self._emit("pairing.reminder", reminder)

    def _forget_reminder(self) -> None:
        if self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None

    def _tell_failure(self, error: Error, retry_in: float | None) -> None:
        event = error.event
        if isinstance(event, (library.PairingExpired, library.PairingFailed)):
            self._tell_ended(event, retry_in)
            return
        # Refused before anything was sent: the number, or one code too many.
        kind = error.name.replace("WA_ERROR_", "").lower()
        message = error.user_text or error.text
        self._screen.ended(message, retry_in)
        self._emit(
            "pairing.error",
            events.PairingError(kind, message, None, error.retryable, error.retry_after, retry_in, None),
        )

    def _tell_ended(self, event: library.PairingExpired | library.PairingFailed, retry_in: float | None) -> None:
        self._screen.ended(event.user_text, retry_in)
        if isinstance(event, library.PairingExpired):
            self._emit("pairing.expired", events.PairingExpired(event.user_text, retry_in))
            return
        self._emit(
            "pairing.error",
            events.PairingError(
                event.outcome,
                event.user_text,
                event.text,
                event.retryable,
                event.retry_after or None,
                retry_in,
                event.server_code,
            ),
        )

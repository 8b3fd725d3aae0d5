"""The library's objects as Python objects that own them. Nothing outside this module sees a pointer."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Any

from . import _bindings as c
from ._error import Error, error_for
from ._load import lib
from ._texts import argument, in_python
from ._texts import encoded as encoded

_Out = ctypes.c_void_p


def _error(status: int, error: ctypes.c_void_p) -> Error:
    """The exception for a status, with what the error object says, which is freed."""
    if not error.value:
        return error_for(status)
    try:
        text = lib.wa_error_text(error)
        key = lib.wa_error_key(error)
        wait = lib.wa_error_retry_after_ms(error)
        return error_for(
            lib.wa_error_status(error),
            in_python(text.decode()) if text else None,
            key=key.decode() if key else None,
            retryable=lib.wa_error_is_retryable(error),
            retry_after=wait / 1000 if wait else None,
        )
    finally:
        lib.wa_error_free(error)


def call(function: Any, *args: Any) -> None:
    """Calls a function whose last parameter is the error object."""
    error = _Out()
    status = function(*args, ctypes.byref(error))
    if status:
        raise _error(status, error)


def version() -> str:
    """The version of the library that runs."""
    return str(lib.wa_version_string().decode())


def reference() -> str:
    """All tables of the library that runs, as JSON."""
    return str((lib.wa_reference_json(None) or b"null").decode())


def status_text(status: int) -> str | None:
    """Returns the meaning of a status code; None for one that the library does not have."""
    text = lib.wa_status_text(status)
    return in_python(text.decode()) if text else None


class Taken:
    """Room for an event that is taken out of the library, which `ClientHandle.poll` fills."""

    __slots__ = ("_unfreed", "event")

    def __init__(self) -> None:
        self.event = _Out()
        self._unfreed = [self.event]

    @property
    def is_empty(self) -> bool:
        """True if there is no event."""
        return not self.event.value

    def json(self) -> bytes:
        """The JSON text of the event."""
        return bytes(lib.wa_event_json(self.event, None) or b"null")

    def free(self) -> None:
        """Frees the event. May be repeated."""
        with contextlib.suppress(IndexError):
            lib.wa_event_free(self._unfreed.pop())


class EventHandle:
    """An event of the library that is needed after it was taken. Once it is owned, it is freed with this object."""

    __slots__ = ("__weakref__", "_event", "is_owned")

    def __init__(self, taken: Taken) -> None:
        self._event = taken.event
        self.is_owned = False

    def ack(self) -> None:
        # A closed client is no fault of who acknowledges: the event comes again.
        lib.wa_event_ack(self._event)

    def qr_image(self, form: str) -> bytes:
        length = ctypes.c_size_t()
        data = lib.wa_event_qr_image(self._event, form.encode(), ctypes.byref(length))
        if not data:
            raise ValueError("the event has no QR code")
        return ctypes.string_at(data, length.value)

    def __del__(self, free: Any = lib.wa_event_free) -> None:
        if self.is_owned:
            free(self._event)


class ClientHandle:
    """A client of the library with a queue of its own."""

    __slots__ = ("_client", "_pid", "_queue", "capacity", "fd", "id")

    def __init__(self, config: dict[str, str]) -> None:
        made = lib.wa_config_new()
        if not made:
            raise self._nothing()
        client = _Out()
        try:
            for key, value in config.items():
                call(lib.wa_config_set, made, encoded(key, "config"), encoded(value, key))
            self.capacity = int(lib.wa_config_get(made, b"queue.capacity"))
            call(lib.wa_client_new, made, None, ctypes.byref(client))
        finally:
            lib.wa_config_free(made)
        self._client = client.value
        self._pid = os.getpid()
        self._queue = lib.wa_client_queue(client)
        self.id: int = lib.wa_client_id(client)
        self.fd: int = lib.wa_queue_fd(self._queue)
        if self.fd < 0:
            self.free()
            raise error_for(c.WA_ERROR_TOO_MANY_FILES)

    @staticmethod
    def _nothing() -> Error:
        """Returns the reason why the library made nothing: it is a forked child, or there are too many handles."""
        forked = lib.wa_queue_wake(None) == c.WA_ERROR_FORKED
        return error_for(c.WA_ERROR_FORKED if forked else c.WA_ERROR_TOO_MANY_HANDLES)

    def check_process(self) -> None:
        """Raises in a forked child."""
        if os.getpid() != self._pid:
            raise error_for(c.WA_ERROR_FORKED)

    def check(self) -> None:
        """Raises where the client cannot be used."""
        self.check_process()
        if self._client is None:
            raise error_for(c.WA_ERROR_CLIENT_CLOSED)

    def poll(self, taken: Taken) -> int:
        """Takes an event if one is there: WA_OK, WA_TIMEOUT, WA_WOKEN or WA_CLOSED."""
        error = _Out()
        status: int = lib.wa_queue_poll(self._queue, 0, ctypes.byref(taken.event), ctypes.byref(error))
        if status >= 100:
            raise _error(status, error)
        return status

    @property
    def is_linked(self) -> bool:
        return bool(lib.wa_client_is_linked(self._client))

    def connect(self) -> None:
        self.check()
        call(lib.wa_client_connect, self._client)

    def disconnect(self) -> None:
        self.check()
        call(lib.wa_client_disconnect, self._client)

    def request(self, function: str, *args: Any) -> int:
        """Starts a request by the function of this name, and answers its number."""
        self.check()
        number = ctypes.c_uint64()
        values = [argument(value, name, kind) for (name, kind), value in zip(c.REQUESTS[function], args)]
        call(getattr(lib, function), self._client, *values, ctypes.byref(number))
        return number.value

    def wake(self) -> None:
        """Ends a wait for the descriptor."""
        lib.wa_queue_wake(self._queue)

    def cancel(self, request: int) -> None:
        self.check()
        call(lib.wa_cancel, self._client, request)

    def close(self) -> None:
        """Asks the client to stop."""
        status = lib.wa_client_close(self._client)
        if status:
            raise error_for(status)

    def free(self) -> None:
        """Frees the client, closing it if need be. May be repeated."""
        client, self._client = self._client, None
        if client is not None:
            lib.wa_client_free(client)

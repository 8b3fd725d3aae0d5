"""The base of all errors of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._event import Event


class Error(Exception):
    """Something that the library refused or that failed; `libwa.errors` has a class for each status code.

    Attributes:
        code: The status code, such as 204.
        name: Its name in the C interface, such as "WA_ERROR_PAIRING_OUTSTANDING".
        text: The fault and the advice, in English, for programmers.
        key: The argument, configuration key or parameter concerned, if it is about one.
        retryable: Whether the same call can succeed later without anything being changed.
        retry_after: The seconds to wait before that; None when nothing is known.
        event: The event that told of it, such as `PairingFailed`; None when the call itself failed.
    """

    code: int = 0
    name: str = ""
    retryable: bool = False

    def __init__(
        self,
        text: str | None = None,
        *,
        key: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        event: Event | None = None,
    ) -> None:
        self.text = text or " ".join((type(self).__doc__ or self.name).split())
        self.key = key
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.event = event
        super().__init__(f"{self.text} ({key})" if key and key not in self.text else self.text)

    @property
    def user_text(self) -> str | None:
        """The text to show to the user, when the error came with an event that says so."""
        return getattr(self.event, "user_text", None)


def error_for(
    code: int,
    text: str | None = None,
    *,
    key: str | None = None,
    retryable: bool | None = None,
    retry_after: float | None = None,
    event: Event | None = None,
) -> Error:
    """The exception of this status code, also for one that only a newer library has."""
    from . import errors

    found = errors.BY_CODE.get(code, Error)
    error = found(text, key=key, retryable=retryable, retry_after=retry_after, event=event)
    if found is Error:
        error.code = code
    return error

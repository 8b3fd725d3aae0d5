"""Failures of what the user wrote, on their way to whoever is to hear of them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from .phone import masked
from .runner import call


@dataclass(frozen=True)
class Failure:
    """Something that failed, for the handlers of `bot.error`.

    Attributes:
        error: The exception.
        where: The part that failed, in words: "the handler of message", "the task tick".
        subject: The subject of the work: a message, an event; None if nothing was.
    """

    error: BaseException
    where: str
    subject: object = None


class Failures:
    """Tells the error handlers; and the log, when there are none or they fail themselves."""

    def __init__(self, logger: logging.Logger) -> None:
        self.handlers: list[Callable[[Failure], object]] = []
        self._logger = logger

    async def report(self, failure: Failure) -> None:
        """Tells of a failure, and never fails."""
        if not self.handlers:
            self._log(failure)
        for handler in self.handlers:
            try:
                await call(handler, failure)
            except Exception as error:
                self._log(failure)
                self._log(Failure(error, "the error handler"))

    def _log(self, failure: Failure) -> None:
        error = failure.error
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        # The text of an error may have a person's number in it.
        self._logger.error("%s failed\n%s", failure.where, masked("".join(lines)))

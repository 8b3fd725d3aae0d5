"""Errors of those who start a bot with options that it cannot have: they end a program with a sentence and the status 2."""

from __future__ import annotations

import sys
from types import TracebackType

# The value of `ExitCode.USAGE`.
_STATUS = 2


class UsageError(ValueError):
    """An option is wrong. A program that does not catch it ends with the status 2, and its text in place of a traceback."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        _install()


def _install() -> None:
    """Sees to it that the interpreter asks here, first of all, when a program ends by an exception."""
    before = sys.excepthook
    if getattr(before, "_of_libwa", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, UsageError):
            before(kind, error, trace)
            return
        print(error, file=sys.stderr)
        sys.stderr.flush()
        # The interpreter takes the status of this one.
        raise SystemExit(_STATUS)

    hook._of_libwa = True  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    sys.excepthook = hook

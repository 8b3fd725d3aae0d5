"""Compares the number that a program names with that of the account that its session is linked to."""

from __future__ import annotations

import re

from . import errors

# Some countries write a digit in or out: 55 11 98765-4321 is the account 55 11 8765-4321. What stands around it is the same.
_HEAD, _TAIL = 2, 8


def is_same(number: str, account: str) -> bool:
    """Returns whether a phone number, as a person writes it, can be that of the account with these digits."""
    wanted = re.sub(r"[^0-9]", "", number)
    if len(wanted) == len(account):
        return wanted == account
    return wanted[:_HEAD] == account[:_HEAD] and wanted[-_TAIL:] == account[-_TAIL:]


def check_account(number: str, account: str | None) -> None:
    """Compares the number to link with that of the account that the session is linked to; None for one that is not known.

    Raises:
        AlreadyLinkedError: They are different.
    """
    if account is not None and not is_same(number, account):
        raise errors.AlreadyLinkedError(
            f"the session is linked to +{account}, and not to +{re.sub(r'[^0-9]', '', number)}: "
            "use the first number, a session of its own for the second one, or log the session out first",
            key="phone",
        )

"""Phone numbers as a bot takes them: digits only, with the country code."""

from __future__ import annotations

import re

from .usage import UsageError

# The shortest number that has a country code, and the longest that the numbering plan (E.164) allows.
_SHORTEST, _LONGEST = 8, 15

_REQUIRED = (
    "Phone number is required: give phone_number, or set PHONE_NUMBER, as digits with the country code, such as 628123456789"
)


class PhoneNumberError(UsageError):
    """A phone number is missing or not in the form that is wanted. The text says what to remove or add, and does not show it."""


def check_phone_number(number: object) -> str:
    """The number, if it is one: digits only, with the country code, such as "628123456789".

    Raises:
        PhoneNumberError: It is missing, or has more or less than that.
    """
    if number is None or not str(number).strip():
        raise PhoneNumberError(_REQUIRED)
    if not isinstance(number, str):
        raise PhoneNumberError(f"Invalid phone number format: give it as text, not as {type(number).__name__}")
    problems = _problems(number)
    if problems:
        raise PhoneNumberError(
            f"Invalid phone number format: {'; '.join(problems)}. "
            "It must be digits only, with the country code, such as 628123456789"
        )
    return number


def _problems(number: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", number)
    found: list[str] = []
    if "+" in number:
        found.append('remove the "+"')
    if re.search(r"\s", number):
        found.append("remove the spaces")
    if re.search(r"[-\u2010-\u2015]", number):
        found.append("remove the dashes")
    if re.search(r"[()]", number):
        found.append("remove the parentheses")
    if re.search(r"[^0-9+\s()\u2010-\u2015-]", number):
        found.append("remove everything that is not a digit from 0 to 9")
    if digits.startswith("00"):
        found.append("remove the leading 00, so that it begins with the country code")
    elif digits.startswith("0"):
        found.append("remove the leading 0 and put the country code in its place")
    elif len(digits) < _SHORTEST:
        found.append("add the country code: it is too short without one")
    elif len(digits) > _LONGEST:
        found.append(f"remove digits: it has {len(digits)}, and {_LONGEST} is the most a number can have")
    return found


# Numbers that the library's texts hold and that are nobody's: ranges, amounts with a unit, values with a name, ids in hexadecimal.
_NOT_A_PHONE = (
    r"\bfrom [0-9]{1,6} to [0-9]+\b"
    r"|\b[0-9]+ (?:bytes|characters|digits|events|ms|milliseconds|s|seconds|times)\b"
    r"|\b\w+(?:_ms|_bytes|capacity|count|size|limit|line)[\"']?[:=] ?[0-9]+\b"
    r"|\b0x[0-9a-f]+\b"
)
_MASKED = re.compile(rf"(?P<kept>{_NOT_A_PHONE})|[0-9]{{7,}}", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with every number long enough to be a phone's shortened to its last two digits, for logs."""
    return _MASKED.sub(lambda found: found["kept"] or f"…{found[0][-2:]}", text)

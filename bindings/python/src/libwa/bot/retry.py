"""The number of further attempts of a bot to link, and the wait before each."""

from __future__ import annotations

from dataclasses import dataclass

from .checks import check_number, is_a
from .library_keys import OptionError

# Between attempts that need nothing but a connection.
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Retry:
    """The rule for pairings that failed in a way that may be tried again.

    A pairing that WhatsApp wants left alone for some time is never tried sooner than that. What fails before WhatsApp was asked for
    a code, because there is no connection or the library's own ration is used up, is tried again without being counted.

    Attributes:
        max: The number of further codes, or series of QR codes, that may be asked for after the first one; 0 for none.
        delay: Seconds before the first of them.
        backoff: By what each further wait is multiplied.
        longest: When WhatsApp asks to wait longer than this, the bot stops in place of waiting.
    """

    max: int = 2
    delay: float = 2.0
    backoff: float = 2.0
    longest: float = 600.0

    def __post_init__(self) -> None:
        try:
            for name, least in (("max", 0), ("delay", 0), ("backoff", 1), ("longest", 0)):
                check_number(getattr(self, name), name, least)
        except ValueError as error:
            raise OptionError(f"a Retry takes max >= 0, delay >= 0, backoff >= 1 and longest >= 0: {error}") from None
        if not is_a(self.max, int):
            raise OptionError(f"a Retry takes a whole number for max, not {self.max!r}")

    def wait(self, failed: int, retry_after: float | None) -> float | None:
        """Seconds before the next code, when so many have failed; None when there shall be none."""
        if failed > self.max or (retry_after or 0.0) > self.longest:
            return None
        return max(self.delay * self.backoff ** (failed - 1), retry_after or 0.0)

    def wait_uncounted(self, times: int, retry_after: float | None) -> float | None:
        """Seconds before the next attempt, when so many in a row did not count; None when there shall be none."""
        if (retry_after or 0.0) > self.longest:
            return None
        return max(min(self.delay * self.backoff ** min(times - 1, 32), _LONGEST_PAUSE), retry_after or 0.0)

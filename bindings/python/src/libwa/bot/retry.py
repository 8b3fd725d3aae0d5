"""How often a bot tries to link again, and how long it waits before that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Retry:
    """The rule for pairings that failed in a way that may be tried again.

    A pairing that WhatsApp wants left alone for some time is never tried sooner than that.

    Attributes:
        max: How many further attempts, each with a code of its own, follow the first one; 0 for none.
        delay: Seconds before the first of them.
        backoff: By what each further wait is multiplied.
        longest: When WhatsApp asks to wait longer than this, the bot stops in place of waiting.
    """

    max: int = 2
    delay: float = 2.0
    backoff: float = 2.0
    longest: float = 600.0

    def __post_init__(self) -> None:
        if self.max < 0 or self.delay < 0 or self.backoff < 1 or self.longest < 0:
            raise ValueError("a Retry takes max >= 0, delay >= 0, backoff >= 1 and longest >= 0")

    def wait(self, failed: int, retry_after: float | None) -> float | None:
        """Seconds before the next attempt, when so many have failed; None when there shall be none."""
        if failed > self.max or (retry_after or 0.0) > self.longest:
            return None
        return max(self.delay * self.backoff ** (failed - 1), retry_after or 0.0)

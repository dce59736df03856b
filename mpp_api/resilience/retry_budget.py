"""How many failed calls may be repeated, so that retries never add much to an overload."""

from collections.abc import Callable
from time import monotonic
from typing import Final

RETRIES_PER_CALL: Final = 0.1
RETRIES_PER_SECOND: Final = 0.5
MOST_SAVED: Final = 10.0


class RetryBudget:
    """Every call earns a tenth of a retry and every second half a one; ten can be saved up.

    A token bucket as in Finagle's `RetryBudget` (percentCanRetry, minRetriesPerSec), with the
    ratio of "Handling Overload" in Google's "Site Reliability Engineering" (2016, chapter 21:
    retries are kept below 10% of a client's requests). The floor by the second lets a client
    with few requests retry at all.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._saved = MOST_SAVED
        self._counted_at = now()

    def earn(self) -> None:
        """Once a call, not once an attempt."""
        self._add(RETRIES_PER_CALL)

    def spend(self) -> bool:
        """Whether one retry may be made; it counts as made."""
        self._add(0.0)
        if self._saved < 1:
            return False
        self._saved -= 1
        return True

    def _add(self, retries: float) -> None:
        now = self._now()
        retries += (now - self._counted_at) * RETRIES_PER_SECOND
        self._counted_at = now
        self._saved = min(self._saved + retries, MOST_SAVED)

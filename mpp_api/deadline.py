"""One budget of time a request, and work that is given up when it took too long."""

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import TypeVar

from mpp_stores.errors import StoreUnavailable

T = TypeVar("T")


class Deadline:
    """When the reply to one request must be complete; all its work shares what is left."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = monotonic() + seconds

    def left(self) -> float:
        """Seconds, never negative."""
        return max(self._ends_at - monotonic(), 0.0)


class NoAnswerInTime(StoreUnavailable):
    """The store may be at work still: asking it once more at once would only add to its load."""


async def within(seconds: float, store: str, attempted: str, work: Awaitable[T]) -> T:
    """Await `work`, cancelling it after `seconds`.

    Raises `NoAnswerInTime` for a late answer, so that callers handle slow
    and unreachable stores in one place.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise NoAnswerInTime(store, attempted, f"no answer within {seconds:g} s") from error

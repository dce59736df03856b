"""How many replies are computed at the same time; the others wait for their turn."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mpp_api.deadline import Deadline
from mpp_api.errors import Overloaded

KEPT_FOR_COMPUTING: Final = 1 / 3
"""Of the time that a request has left, at most: the rest of it may be waited."""


def longest_wait(left: float, computing_seconds: float) -> float:
    """Seconds, of those that a request has left."""
    return left - min(left * KEPT_FOR_COMPUTING, computing_seconds)


class Admission:
    """One an app, and one more for all batches. Computing takes this process's CPU and a share
    of every store: more at once than they can do would make all replies late, and the stores
    look as if they were down (load shedding, Nygard, "Release It!", 2nd ed., 2018).
    """

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def place(
        self, deadline: Deadline, *, computing_seconds: float = math.inf
    ) -> AsyncIterator[None]:
        """`computing_seconds` are all that is needed of what the deadline leaves.

        Raises `Overloaded` when none becomes free in time, or no time is left: a place that
        is free would be given to who can only give up every store.
        """
        left = deadline.left()
        if left == 0:
            raise Overloaded
        try:
            async with asyncio.timeout(longest_wait(left, computing_seconds)):
                await self._places.acquire()
        except TimeoutError as error:
            raise Overloaded from error
        try:
            yield
        finally:
            self._places.release()

"""One budget of time a request, and work that is given up when it took too long."""

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Any, Self, TypeVar

from mpp_stores.errors import StoreUnavailable

T = TypeVar("T")


class Deadline:
    """Until when the stores may take for one request; all its work shares what is left."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = monotonic() + seconds

    def left(self) -> float:
        """Seconds, never negative."""
        return max(self._ends_at - monotonic(), 0.0)

    def part(self, seconds: float) -> Self:
        """One that begins now, and ends no later than this one does."""
        return type(self)(min(seconds, self.left()))


class NoAnswerInTime(StoreUnavailable):
    """The store may be at work still: asking once more would only add to its load."""


async def within(seconds: float, store: str, attempted: str, work: Awaitable[T]) -> T:
    """Await `work`, giving it up after `seconds`.

    Raises `NoAnswerInTime` for a late answer and `StoreUnavailable` for work that its
    driver cancelled, so that callers handle slow and unreachable stores in one place.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _give_up(task)
        raise
    if task.cancelled():
        raise StoreUnavailable(store, attempted, "its driver cancelled the call")
    if task.done():
        return task.result()
    _give_up(task)
    raise NoAnswerInTime(store, attempted, f"no answer within {seconds:.3g} s")


_given_up: set["asyncio.Future[Any]"] = set()
"""The event loop itself holds tasks weakly."""


def _give_up(task: "asyncio.Future[Any]") -> None:
    """Cancel without waiting for it: psycopg asks a silent server for ten more seconds whether
    it has cancelled the query."""
    task.cancel()
    _given_up.add(task)
    task.add_done_callback(_forget)


def _forget(task: "asyncio.Future[Any]") -> None:
    _given_up.discard(task)
    if not task.cancelled():
        task.exception()  # else it is logged as never retrieved

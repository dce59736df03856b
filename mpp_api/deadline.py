"""A store that does not answer in time is a store that is unavailable."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from mpp_stores.errors import StoreUnavailable

T = TypeVar("T")


async def within(seconds: float, store: str, attempted: str, work: Awaitable[T]) -> T:
    """Await `work`, cancelling it after `seconds`.

    Raises `StoreUnavailable` for a late answer, so that callers handle slow
    and unreachable stores in one place.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise StoreUnavailable(store, attempted, f"no answer within {seconds:g} s") from error

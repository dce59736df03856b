"""Whoever asks for what is being computed already waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """One computation a key at a time, in this process.

    It is nobody's own: it goes on when the one who began it is cancelled, and whoever joined
    it gets its result or its error. Neither is remembered once it is over.
    """

    def __init__(self) -> None:
        self._flying: dict[Hashable, asyncio.Task[T]] = {}

    async def join(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        flying = self._flying.get(key)
        if flying is None:
            flying = asyncio.create_task(_awaited(compute))
            self._flying[key] = flying
            flying.add_done_callback(lambda task: self._land(key, task))
        return await asyncio.shield(flying)

    def _land(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._flying[key]
        if not task.cancelled():
            task.exception()  # with everybody gone nobody else asks for it


async def _awaited(compute: Callable[[], Awaitable[T]]) -> T:
    return await compute()

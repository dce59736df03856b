"""A store that keeps failing is left alone for a while: that it is down is then known at no cost.

The circuit breaker of Nygard, "Release It!" (2nd ed., 2018), as the library `purgatory` has it;
what is added here is that one call alone tries a store again, and which failures do not count.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from purgatory import AsyncCircuitBreakerFactory, ContextChanged, Event
from purgatory.domain.model import CLOSED, HALF_OPENED, OPENED, OpenedState

from mpp_stores.errors import StoreError, StoreRejected, StoreUnavailable

FAILURES: Final = 5
SECONDS: Final = 5.0

logger = logging.getLogger(__name__)

T = TypeVar("T")


class StoreLeftAlone(StoreUnavailable):
    """Not asked, because it did not answer those who asked before."""


class GaveUpEarly(StoreUnavailable):
    """The caller could not wait as long as a store may take: no fault of the store."""


class Turns:
    """So many ask a store at once, and each waits for its turn for `wait_seconds` at most.

    The pool of a store's driver says of a crowd what it says of a server that is down.
    """

    def __init__(self, store: str, at_once: int, wait_seconds: float) -> None:
        self._store = store
        self._free = asyncio.Semaphore(at_once)
        self._wait_seconds = wait_seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises `GaveUpEarly` when it does not come in time."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise GaveUpEarly(self._store, "wait for a connection", "all are in use") from error
        try:
            yield
        finally:
            self._free.release()


class Breakers:
    """One breaker a store, in this process.

    After `failures` failures in a row, whoever asks, the store is left alone for `seconds`.
    Then one call is let through: an answer ends it, another failure begins it anew. A refusal
    (`StoreRejected`) is an answer.
    """

    def __init__(self, *, failures: int = FAILURES, seconds: float = SECONDS) -> None:
        self._factory = AsyncCircuitBreakerFactory(
            default_threshold=failures, default_ttl=seconds, exclude=[StoreRejected]
        )
        self._factory.add_listener(self._note)
        self._left_alone: set[str] = set()
        self._tried_again: set[str] = set()

    def is_left_alone(self, store: str) -> bool:
        """Until it answers: also while one call tries whether it is back."""
        return store in self._left_alone

    async def call(self, store: str, attempted: str, work: Callable[[], Awaitable[T]]) -> T:
        """What the work returns or raises.

        Raises `StoreLeftAlone` without beginning the work. `GaveUpEarly`, a cancelled call and
        a defect of ours say nothing about the store.
        """
        breaker = await self._factory.get_breaker(store)
        if store in self._tried_again:
            raise StoreLeftAlone(store, attempted, "another request tries whether it is back")
        try:
            await breaker.__aenter__()
        except OpenedState as opened:
            # The library raises one object for as long as it is open: let go of our frames.
            opened.__traceback__ = None
            raise StoreLeftAlone(store, attempted, "it did not answer lately") from None
        is_trying_again = breaker.context.state == HALF_OPENED
        if is_trying_again:
            self._tried_again.add(store)
        try:
            result = await work()
        except GaveUpEarly:
            raise
        except StoreError as error:
            await breaker.__aexit__(type(error), error, None)
            raise
        else:
            await breaker.__aexit__(None, None, None)
            return result
        finally:
            if is_trying_again:
                self._tried_again.discard(store)

    def _note(self, store: str, _: str, event: Event) -> None:
        if not isinstance(event, ContextChanged):
            return
        if event.state == OPENED:
            self._left_alone.add(store)
            logger.warning("%s is left alone for a while: it does not answer", store)
        elif event.state == CLOSED:
            self._left_alone.discard(store)
            logger.info("%s answers again", store)

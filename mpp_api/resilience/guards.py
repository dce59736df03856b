"""How every store is asked: in time, not while it is down, and once more where that can help."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

from mpp_api.deadline import Deadline, NoAnswerInTime, within
from mpp_api.metrics.service import Metrics
from mpp_api.resilience.retry_budget import RetryBudget
from mpp_stores.breaker import Breakers, GaveUpEarly, StoreLeftAlone
from mpp_stores.errors import StoreUnavailable

QUICK_SECONDS: Final = 0.1
"""A failure that came sooner is a lost connection or a lost conflict, not a store at its limit."""

T = TypeVar("T")


class Guards:
    """One an app: what it knows of the stores is shared by all requests."""

    def __init__(self, breakers: Breakers, metrics: Metrics, timeout_seconds: float) -> None:
        self._breakers = breakers
        self._metrics = metrics
        self._timeout_seconds = timeout_seconds
        self._retry_budgets: dict[str, RetryBudget] = defaultdict(RetryBudget)

    async def call(
        self, store: str, attempted: str, work: Callable[[], Awaitable[T]], deadline: Deadline
    ) -> T:
        """The work's result. Raises `StoreError`, at the latest when the deadline ends.

        A quick failure is repeated once, within the store's retry budget; a late answer never.
        """
        budget = self._retry_budgets[store]
        budget.earn()
        began_at = monotonic()
        try:
            return await self._attempt(store, attempted, work, deadline)
        except (NoAnswerInTime, StoreLeftAlone, GaveUpEarly):
            raise
        except StoreUnavailable:
            if monotonic() - began_at > QUICK_SECONDS or not budget.spend():
                raise
        self._metrics.count_retry(store)
        return await self._attempt(store, attempted, work, deadline)

    async def _attempt(
        self, store: str, attempted: str, work: Callable[[], Awaitable[T]], deadline: Deadline
    ) -> T:
        seconds = min(self._timeout_seconds, deadline.left())
        if seconds <= 0:
            raise GaveUpEarly(store, attempted, "the request's time is up")

        async def in_time() -> T:
            try:
                return await within(seconds, store, attempted, work())
            except NoAnswerInTime as error:
                if seconds < self._timeout_seconds / 2:
                    raise GaveUpEarly(store, attempted, error.cause) from error
                raise

        return await self._breakers.call(store, attempted, in_time)

"""A leg is one store's share of a reply; the reply goes on without those that fail."""

import logging
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Self, TypeVar

from mpp_api.deadline import Deadline, NoAnswerInTime
from mpp_api.metrics.service import Metrics
from mpp_api.observability.tracing import leg_span
from mpp_api.resilience.guards import Guards
from mpp_api.resilience.leg import Leg
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Legs:
    """The legs of one reply, and which of them are missing.

    `work` is a callable, so that it need not begin and can begin again.
    """

    def __init__(self, guards: Guards, metrics: Metrics, deadline: Deadline) -> None:
        self._guards = guards
        self._metrics = metrics
        self._deadline = deadline
        self._missing: set[Leg] = set()
        self._silent: set[Leg] = set()

    @property
    def missing(self) -> list[Leg]:
        return [leg for leg in Leg if leg in self._missing]

    def of_another_reply(self, deadline: Deadline) -> Self:
        """None missing yet: for a request that asks for many replies."""
        return type(self)(self._guards, self._metrics, deadline)

    def skip(self, leg: Leg, reason: str) -> None:
        """Go without the leg, having learnt already that its store does not answer."""
        self._missing.add(leg)
        logger.info("%s leg is missing: %s", leg, reason)

    async def run(self, leg: Leg, attempted: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """The work's result, or None after logging why the leg is missing.

        A store that let this reply wait in vain is not waited for again: the other stores
        need the time.
        """
        if leg in self._silent:
            return None
        try:
            return await self.required(leg, attempted, work)
        except StoreError as error:
            self._missing.add(leg)
            if isinstance(error, NoAnswerInTime):
                self._silent.add(leg)
            logger.warning("%s leg is missing: %s", leg, error)
            return None

    async def required(self, leg: Leg, attempted: str, work: Callable[[], Awaitable[T]]) -> T:
        """The work's result where a reply is nothing without it. Raises `StoreError`."""
        started = perf_counter()
        outcome = "failed"
        try:
            with leg_span(leg):
                result = await self._guards.call(leg.store, attempted, work, self._deadline)
            outcome = "answered"
            return result
        finally:
            self._metrics.observe_leg(leg, outcome, perf_counter() - started)

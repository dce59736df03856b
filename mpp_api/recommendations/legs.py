"""A leg is one store's share of a recommendation; the reply goes on without those that fail."""

import logging
from collections.abc import Awaitable
from enum import StrEnum
from time import perf_counter
from typing import TypeVar

from mpp_api.deadline import within
from mpp_api.metrics.service import Metrics
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Leg(StrEnum):
    VECTOR = "vector"
    GRAPH = "graph"
    TABLE = "table"
    DOCUMENT = "document"

    @property
    def store(self) -> str:
        return _STORE_OF_LEG[self]


_STORE_OF_LEG = {
    Leg.VECTOR: "milvus",
    Leg.GRAPH: "neo4j",
    Leg.TABLE: "postgres",
    Leg.DOCUMENT: "mongo",
}


class Legs:
    """The legs of one request, and which of them are missing."""

    def __init__(self, metrics: Metrics, timeout_seconds: float) -> None:
        self._metrics = metrics
        self._timeout_seconds = timeout_seconds
        self._missing: set[Leg] = set()

    @property
    def missing(self) -> list[Leg]:
        return [leg for leg in Leg if leg in self._missing]

    def skip(self, leg: Leg, reason: str) -> None:
        """Go without the leg, having learnt already that its store does not answer."""
        self._missing.add(leg)
        logger.info("%s leg is missing: %s", leg, reason)

    async def run(self, leg: Leg, attempted: str, work: Awaitable[T]) -> T | None:
        """The work's result, or None after logging why the leg is missing."""
        started = perf_counter()
        outcome = "answered"
        try:
            return await within(self._timeout_seconds, leg.store, attempted, work)
        except StoreError as error:
            outcome = "failed"
            self._missing.add(leg)
            logger.warning("%s leg is missing: %s", leg, error)
            return None
        finally:
            self._metrics.observe_leg(leg, outcome, perf_counter() - started)

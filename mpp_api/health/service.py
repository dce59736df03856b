"""Asks every store a query, all at once."""

import asyncio
import logging
from collections.abc import Awaitable
from time import perf_counter
from typing import Final

from mpp_api.deadline import within
from mpp_api.health.schemas import HealthReply, Overall, StoreHealth, StoreStatus
from mpp_api.stores import Stores
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

# Any one of these can produce a recommendation; the other stores only improve it.
_SERVING_STORES: Final = ("milvus", "neo4j", "postgres")


async def check_stores(stores: Stores, timeout_seconds: float) -> HealthReply:
    pings: dict[str, Awaitable[object]] = {
        "milvus": stores.vectors.ping(),
        "neo4j": stores.graph.ping(),
        "postgres": stores.tables.ping(),
        "mongo": stores.documents.ping(),
        "redis": stores.cache.ping(),
    }
    checked = await asyncio.gather(
        *(_check(store, ping, timeout_seconds) for store, ping in pings.items())
    )
    health = dict(zip(pings, checked, strict=True))
    return HealthReply(status=_overall(health), stores=health)


async def _check(store: str, ping: Awaitable[object], timeout_seconds: float) -> StoreHealth:
    started = perf_counter()
    error_class = None
    try:
        await within(timeout_seconds, store, "ping", ping)
    except StoreError as error:
        logger.warning("%s", error)
        error_class = type(error).__name__
    return StoreHealth(
        status=StoreStatus.DOWN if error_class else StoreStatus.OK,
        latency_ms=round((perf_counter() - started) * 1_000, 2),
        error=error_class,
    )


def _overall(health: dict[str, StoreHealth]) -> Overall:
    if all(health[store].status == StoreStatus.DOWN for store in _SERVING_STORES):
        return Overall.DOWN
    if any(store.status == StoreStatus.DOWN for store in health.values()):
        return Overall.DEGRADED
    return Overall.OK

"""Asks every store a query, all at once, and which release is served."""

import asyncio
import logging
from collections.abc import Awaitable
from time import perf_counter
from typing import Final

from mpp_api.deadline import within
from mpp_api.health.schemas import (
    HealthReply,
    Overall,
    ReleaseHealth,
    StoreHealth,
    StoreStatus,
)
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.stores import Stores
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

# Any one of these can produce a recommendation; the other stores only improve it.
_SERVING_STORES: Final = ("milvus", "neo4j", "postgres")


async def check(stores: Stores, releases: ReleaseWatch, timeout_seconds: float) -> HealthReply:
    pings: dict[str, Awaitable[object]] = {
        "milvus": stores.vectors.ping(),
        "neo4j": stores.graph.ping(),
        "postgres": stores.tables.ping(),
        "mongo": stores.documents.ping(),
        "redis": stores.cache.ping(),
    }
    checks = (_check(store, ping, timeout_seconds) for store, ping in pings.items())
    served, checked = await asyncio.gather(releases.served_if_any(), asyncio.gather(*checks))
    health = dict(zip(pings, checked, strict=True))
    return HealthReply(
        status=_overall(health, served), stores=health, release=served and _release(served)
    )


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


def _release(served: ServedRelease) -> ReleaseHealth:
    return ReleaseHealth(**ReleaseReply.of(served).model_dump(), is_stale=served.is_stale)


def _overall(health: dict[str, StoreHealth], served: ServedRelease | None) -> Overall:
    down = {store for store, found in health.items() if found.status == StoreStatus.DOWN}
    is_release_unknown = served is None and "postgres" in down
    if is_release_unknown or down.issuperset(_SERVING_STORES):
        return Overall.DOWN
    return Overall.DEGRADED if down else Overall.OK

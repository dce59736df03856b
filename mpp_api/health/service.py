"""Asks every store a query, all at once, and which release is served."""

import asyncio
import logging
from collections.abc import Awaitable
from time import monotonic, perf_counter
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
from mpp_api.replies.flights import Flights
from mpp_api.stores import Stores
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

# Any one of these can produce a recommendation; the other stores only improve it.
_SERVING_STORES: Final = ("milvus", "neo4j", "postgres")


class Health:
    """One an app. Anybody may ask, without a key and as often as they like: a check answers
    all who ask while it is made and for `recheck_seconds` after, so that asking more often
    costs the stores no more."""

    def __init__(
        self,
        stores: Stores,
        releases: ReleaseWatch,
        *,
        recheck_seconds: float,
        timeout_seconds: float,
    ) -> None:
        self._stores = stores
        self._releases = releases
        self._recheck_seconds = recheck_seconds
        self._timeout_seconds = timeout_seconds
        self._flights: Flights[HealthReply] = Flights()
        self._checked: HealthReply | None = None
        self._checked_at = 0.0

    async def reply(self) -> HealthReply:
        checked = self._checked
        if checked is not None and monotonic() - self._checked_at < self._recheck_seconds:
            return checked
        return await self._flights.join("health", self._check)

    async def _check(self) -> HealthReply:
        stores = self._stores
        pings: dict[str, Awaitable[object]] = {
            "milvus": stores.vectors.ping(),
            "neo4j": stores.graph.ping(),
            "postgres": stores.tables.ping(),
            "mongo": stores.documents.ping(),
            "redis": stores.cache.ping(),
        }
        checks = (_ask(store, ping, self._timeout_seconds) for store, ping in pings.items())
        served, checked = await asyncio.gather(
            self._releases.served_if_any(), asyncio.gather(*checks)
        )
        health = dict(zip(pings, checked, strict=True))
        self._checked = HealthReply(
            status=_overall(health, served), stores=health, release=served and _release(served)
        )
        self._checked_at = monotonic()
        return self._checked


async def _ask(store: str, ping: Awaitable[object], timeout_seconds: float) -> StoreHealth:
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

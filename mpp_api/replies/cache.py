"""Replies that are kept: asked of Redis, else computed, once for all who ask, and put there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

from mpp_api.metrics.service import Metrics
from mpp_api.releases.served import ServedRelease
from mpp_api.releases.state import ReleaseState
from mpp_api.replies.flights import Flights
from mpp_stores.redis.cache import REPLY_TTL, CacheOutcome, Lookup, ReplyCache
from mpp_stores.redis.keys import reply_key
from mpp_stores.redis.stored_reply import StoredReply

BRIEF_TTL: Final = timedelta(seconds=30)


class Keep(Enum):
    """How long a computed reply is good for, while its release is served."""

    FULL = auto()
    BRIEFLY = auto()
    """About nobody, or empty: ids that no one has are many and soon forgotten."""
    NOT = auto()
    """It lacks a leg: keeping it would outlive the outage."""


_TTL: Final = {Keep.FULL: REPLY_TTL, Keep.BRIEFLY: BRIEF_TTL}


@dataclass(frozen=True, slots=True)
class Computed:
    """`body` is the whole reply as it is sent. What it recommended, from which rank on, is kept
    beside it, so that an exposure can be logged without reading the body."""

    body: bytes
    keep: Keep
    campaign_ids: tuple[str, ...] = ()
    strategy: str = ""
    first_rank: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    outcome: CacheOutcome
    campaign_ids: tuple[str, ...]
    strategy: str
    first_rank: int


class CachedReplies:
    """One an app. A hit is one question to Redis, and its body is sent as it was stored."""

    def __init__(self, cache: ReplyCache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics
        self._flights: Flights[Computed] = Flights()

    async def answer(
        self,
        noun: str,
        served: ServedRelease,
        inputs: Mapping[str, Any],
        *,
        subject: str | None,
        compute: Callable[[], Awaitable[Computed]],
    ) -> Answer:
        """The kept reply to these inputs over this release, or what `compute` answers now.

        `inputs` hold everything that the reply depends on besides the release and the
        erasures, as JSON. `subject` is the user that it is about: `ReplyCache.invalidate` ends
        every reply that was computed before, and nothing is kept about an erased user.

        Of equal questions at the same time one computes: its error is everybody's too.
        """
        key = reply_key(
            noun, served.release.release_id, {**inputs, "erasures": served.erasures_key}
        )
        if subject is not None and served.erased.includes(subject):
            found = self._cache.bypass()
        else:
            found = await self._cache.get(key, subject)
        self._metrics.count_cache_result(found.outcome)
        if found.reply is not None:
            return _answer(found.reply, found.outcome)
        computed = await self._flights.join(
            (key, found.token, served.state), lambda: self._fly(key, found, served, compute)
        )
        return _answer(computed, found.outcome)

    async def _fly(
        self,
        key: str,
        found: Lookup,
        served: ServedRelease,
        compute: Callable[[], Awaitable[Computed]],
    ) -> Computed:
        computed = await compute()
        ttl = _TTL.get(computed.keep)
        # What Postgres says now, erasures too, is not known of a release that is last-known.
        is_current = served.state is ReleaseState.CURRENT
        if ttl is not None and is_current and found.outcome is CacheOutcome.MISS:
            reply = StoredReply(
                computed.body,
                computed.campaign_ids,
                computed.strategy,
                computed.first_rank,
                found.token,
            )
            await self._cache.put(key, reply, ttl)
        return computed


def _answer(reply: Computed | StoredReply, outcome: CacheOutcome) -> Answer:
    return Answer(reply.body, outcome, reply.campaign_ids, reply.strategy, reply.first_rank)

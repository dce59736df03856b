"""Replies that are kept: asked of Redis, else computed and put there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from mpp_api.metrics.service import Metrics
from mpp_api.releases.served import ReleaseState, ServedRelease
from mpp_stores.redis.cache import CachedReply, CacheOutcome, ReplyCache, reply_key


class Keep(Enum):
    """How long a computed reply is good for, for its release."""

    FULL = auto()
    BRIEFLY = auto()
    """An unknown user may become known, and what is trending changes with the clock."""
    NOT = auto()
    """It lacks a leg: keeping it would outlive the outage."""


@dataclass(frozen=True, slots=True)
class Computed:
    """`body` is the whole reply as it is sent. What it recommended is kept beside it, so that
    an exposure can be logged without reading the body."""

    body: bytes
    keep: Keep
    campaign_ids: tuple[str, ...] = ()
    strategy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    outcome: CacheOutcome
    campaign_ids: tuple[str, ...]
    strategy: str


class CachedReplies:
    def __init__(self, cache: ReplyCache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics

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

        `subject` is the user that the reply is about: `ReplyCache.invalidate` of it ends
        every reply that was computed before, and nothing is kept about an erased user.
        """
        key = reply_key(
            noun, served.release.release_id, {**inputs, "erasures": served.erasures_key}
        )
        if subject is not None and served.erased.includes(subject):
            cached = CachedReply(CacheOutcome.BYPASS)
        else:
            cached = await self._cache.get(key)
        self._metrics.count_cache_result(cached.outcome)
        if cached.value is not None:
            return Answer(cached.value, cached.outcome, (), "")
        computed = await compute()
        if (
            computed.keep is not Keep.NOT
            and cached.outcome is CacheOutcome.MISS
            and served.state is ReleaseState.CURRENT
        ):
            await self._cache.put(key, computed.body)
        return Answer(computed.body, cached.outcome, computed.campaign_ids, computed.strategy)

"""Cache-aside for the API's replies. Redis only ever makes a reply faster.

A stored reply:

    mpp:v1:recommendations:<release id>:<sha256 of the inputs>  ->  the reply's bytes

The release id is in the key, so publishing a release leaves the replies of
the one before unread; they expire by themselves. Raise the version when the
bytes change their meaning.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Self, cast

from redis import Redis as BlockingRedis
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from mpp_stores.errors import translated
from mpp_stores.settings import StoreSettings

KEY_PREFIX = "mpp"
KEY_VERSION = "v1"
REPLY_TTL = timedelta(minutes=10)

# Longer than any healthy answer, short beside computing the reply.
_SOCKET_SECONDS = 0.25

_PURGE_SOCKET_SECONDS = 5
_KEYS_A_PURGE_STEP = 1_000

logger = logging.getLogger(__name__)


class CacheOutcome(StrEnum):
    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"  # Redis did not answer


@dataclass(frozen=True, slots=True)
class CachedReply:
    """`value` is set when, and only when, `outcome` is HIT."""

    outcome: CacheOutcome
    value: bytes | None = None


def reply_key(noun: str, release_id: str, inputs: Mapping[str, Any]) -> str:
    """The key of a reply; `inputs` must hold everything else that the reply depends on."""
    canonical = json.dumps(dict(inputs), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{KEY_PREFIX}:{KEY_VERSION}:{noun}:{release_id}:{digest}"


class ReplyCache:
    """A Redis failure is a bypass, never an error of the request.

    It is logged once an outage; `failure_count` counts every failed call since the start.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self.failure_count = 0
        self._is_failing = False
        self._redis = Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_SOCKET_SECONDS,
            socket_connect_timeout=_SOCKET_SECONDS,
            # Once more at once: pooled connections do not outlive a restart of Redis.
            retry=Retry(NoBackoff(), retries=1),
        )

    async def get(self, key: str) -> CachedReply:
        try:
            value = await self._redis.get(key)
        except (exceptions.RedisError, OSError) as error:
            self._note_failure(error)
            return CachedReply(CacheOutcome.BYPASS)
        self._note_success()
        if value is None:
            return CachedReply(CacheOutcome.MISS)
        return CachedReply(CacheOutcome.HIT, cast(bytes, value))  # this client does not decode

    async def put(self, key: str, value: bytes, ttl: timedelta = REPLY_TTL) -> None:
        """Keep the reply for `ttl`; give a shorter one for a reply that lacks a leg."""
        try:
            await self._redis.set(key, value, px=ttl)
        except (exceptions.RedisError, OSError) as error:
            self._note_failure(error)
        else:
            self._note_success()

    async def invalidate(self, subject: str) -> None:
        """From now on no reply about the subject that was computed before is a hit."""
        return

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when Redis does not answer: for the health check."""
        with translated("redis", "ping", _is_retryable):
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _note_failure(self, error: Exception) -> None:
        self.failure_count += 1
        if not self._is_failing:
            logger.warning("redis does not answer, replies are computed: %s", error)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            logger.info("redis answers again")
        self._is_failing = False


def purge(settings: StoreSettings) -> int:
    """Delete every cached reply, of any version and release. Returns how many there were.

    Replies that are put meanwhile may stay, for at most `REPLY_TTL`.

    Raises:
        StoreUnavailable, StoreRejected: some or all of them are still there.
    """
    deleted = 0
    with (
        translated("redis", "purge the cached replies", _is_retryable),
        BlockingRedis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_PURGE_SOCKET_SECONDS,
            socket_connect_timeout=_PURGE_SOCKET_SECONDS,
        ) as redis,
    ):
        keys = redis.scan_iter(match=f"{KEY_PREFIX}:*", count=_KEYS_A_PURGE_STEP)
        while some := list(islice(keys, _KEYS_A_PURGE_STEP)):
            deleted += cast(int, redis.unlink(*some))
    return deleted


def _is_retryable(error: Exception) -> bool:
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    return isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | OSError)

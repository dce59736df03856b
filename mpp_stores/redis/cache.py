"""Cache-aside for the API's replies. Redis only ever makes a reply faster.

A reply is a hit while the token it was put with is its subject's. Whatever should end the
replies about a subject gives it another token: those computed before, and those still being
computed, then count no more. A subject whose token is lost gets a new one, so that no reply
comes back with it.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from time import monotonic
from typing import Final, Self, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from mpp_stores.breaker import Breakers, StoreLeftAlone, Turns
from mpp_stores.errors import StoreError
from mpp_stores.redis.connection import STORE, redis_errors, url_of
from mpp_stores.redis.keys import subject_key
from mpp_stores.redis.stored_reply import StoredReply
from mpp_stores.settings import StoreSettings

REPLY_TTL: Final = timedelta(minutes=10)
TTL_JITTER: Final = 0.1
"""Replies that were put together do not expire together."""
LONGEST_REPLY_TTL: Final = REPLY_TTL * (1 + TTL_JITTER)
TOKEN_TTL: Final = timedelta(days=1)

DEFAULT_TIMEOUT_SECONDS: Final = 0.25
"""Longer than any healthy answer, short beside computing the reply."""
AT_ONCE: Final = 32
"""Of the 100 connections that the driver opens at most; whoever else asks waits for a turn."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class CacheOutcome(StrEnum):
    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"  # Redis did not answer


@dataclass(frozen=True, slots=True)
class Lookup:
    """`reply` is set when, and only when, `outcome` is HIT.

    `token` tells replies that may be put, or shared with whoever asks meanwhile, from those
    that may no more: it is another one as soon as the subject is invalidated.
    """

    outcome: CacheOutcome
    token: str = ""
    reply: StoredReply | None = None


class ReplyCache:
    """A Redis failure is a bypass, never an error of the request.

    It costs a request at most `timeout_seconds`, of which a crowd waits half for its turn at
    most, and most requests of an outage nothing: Redis has a breaker like the other stores. An
    outage is logged once, until a reply is kept again: Redis may well answer and refuse to be
    written to.
    """

    def __init__(
        self,
        settings: StoreSettings,
        breakers: Breakers | None = None,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._turns = Turns(STORE, AT_ONCE, timeout_seconds / 2)
        self._breakers = breakers or Breakers()
        self._is_failing = False
        self._invalidations = 0
        # By key of a token that Redis should have and has not: until when that matters.
        self._owed_tokens: dict[str, float] = {}
        self._redis = Redis.from_url(
            url_of(settings),
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            # Once more at once: pooled connections do not outlive a restart of Redis.
            retry=Retry(NoBackoff(), retries=1),
        )

    async def get(self, key: str, subject: str | None = None) -> Lookup:
        """The reply that was put there, unless the subject was invalidated since."""
        token_key = None if subject is None else subject_key(subject)
        try:
            if token_key in self._owed_tokens:
                await self._pay(token_key)
            return await self._ask("read a reply", lambda: self._look_up(key, token_key))
        except StoreError as error:
            self._note_failure(error)
            return self.bypass()

    def bypass(self) -> Lookup:
        """What a reply is computed with that may not be kept."""
        return Lookup(CacheOutcome.BYPASS, f"bypass-{self._invalidations}")

    async def put(self, key: str, reply: StoredReply, ttl: timedelta = REPLY_TTL) -> None:
        """Keep the reply for about `ttl`, with the token of the lookup that missed it."""
        lifetime = ttl * random.uniform(1 - TTL_JITTER, 1 + TTL_JITTER)  # noqa: S311
        value = reply.to_bytes()
        try:
            await self._ask("keep a reply", lambda: self._redis.set(key, value, px=lifetime))
        except StoreError as error:
            self._note_failure(error)
        else:
            self._note_kept()

    async def invalidate(self, subject: str) -> None:
        """From now on no reply about the subject that was computed before is a hit.

        While Redis does not answer, this process remembers that and bypasses the cache for
        the subject. Other processes may find such replies until they expire, or until Redis is
        back and this process is asked for the subject.
        """
        self._invalidations += 1
        token_key = subject_key(subject)
        self._owe(token_key)
        try:
            await self._pay(token_key)
        except StoreError as error:
            self._note_failure(error)

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when Redis does not answer: for the health check, which makes
        one at a time. It waits for no turn: a crowd is no outage."""
        with redis_errors("ping"):
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _look_up(self, key: str, token_key: str | None) -> Lookup:
        if token_key is None:
            return _lookup(cast(bytes | None, await self._redis.get(key)), "")
        # This client does not decode.
        value, token = cast(list[bytes | None], await self._redis.mget(key, token_key))
        if token is None:
            return Lookup(CacheOutcome.MISS, await self._first_token(token_key))
        return _lookup(value, token.decode())

    async def _first_token(self, token_key: str) -> str:
        """Of whoever was first to give the subject one."""
        async with self._redis.pipeline(transaction=False) as both:
            both.set(token_key, _new_token(), nx=True, ex=TOKEN_TTL)
            both.get(token_key)
            _, token = await both.execute()
        return str(token, "ascii")

    def _owe(self, token_key: str) -> None:
        now = monotonic()
        owed = {key: until for key, until in self._owed_tokens.items() if until > now}
        self._owed_tokens = owed | {token_key: now + LONGEST_REPLY_TTL.total_seconds()}

    async def _pay(self, token_key: str) -> None:
        """Raises `StoreError`."""
        owed_until = self._owed_tokens[token_key]
        await self._ask(
            "end the replies about a subject",
            lambda: self._redis.set(token_key, _new_token(), ex=TOKEN_TTL),
        )
        if self._owed_tokens.get(token_key) == owed_until:  # else it was invalidated meanwhile
            del self._owed_tokens[token_key]

    async def _ask(self, attempted: str, work: Callable[[], Awaitable[T]]) -> T:
        async def in_time() -> T:
            with redis_errors(attempted):
                async with asyncio.timeout(self._timeout_seconds), self._turns.turn():
                    return await work()

        return await self._breakers.call(STORE, attempted, in_time)

    def _note_failure(self, error: StoreError) -> None:
        if not self._is_failing and not isinstance(error, StoreLeftAlone):
            logger.warning("replies are computed and not kept: %s", error)
            self._is_failing = True

    def _note_kept(self) -> None:
        if self._is_failing:
            logger.info("replies are kept again")
            self._is_failing = False


def _lookup(value: bytes | None, token: str) -> Lookup:
    if value is not None:
        reply = StoredReply.from_bytes(value)
        if reply.token == token:
            return Lookup(CacheOutcome.HIT, token, reply)
    return Lookup(CacheOutcome.MISS, token)


def _new_token() -> str:
    return secrets.token_hex(8)

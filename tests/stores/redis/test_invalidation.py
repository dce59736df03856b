"""Once a subject is invalidated, no reply about it that was computed before is found again."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from mpp_stores.breaker import Breakers
from mpp_stores.redis.cache import CacheOutcome, ReplyCache
from mpp_stores.redis.keys import reply_key, subject_key
from mpp_stores.redis.stored_reply import StoredReply
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy
from tests.stores.redis.conftest import PATIENT_SECONDS, port_of, through


@pytest.fixture
async def subject(redis: Redis) -> AsyncIterator[str]:
    subject = f"test-{uuid4().hex}"
    yield subject
    await redis.delete(subject_key(subject), key_of(subject), key_of(subject, limit=3))


def key_of(subject: str, limit: int = 5) -> str:
    return reply_key("recommendations", "test", {"user_id": subject, "limit": limit})


async def put(cache: ReplyCache, subject: str, limit: int = 5) -> None:
    missed = await cache.get(key_of(subject, limit), subject)
    assert missed.outcome is CacheOutcome.MISS
    await cache.put(key_of(subject, limit), StoredReply(b"reply", token=missed.token))


async def outcome(cache: ReplyCache, subject: str, limit: int = 5) -> CacheOutcome:
    return (await cache.get(key_of(subject, limit), subject)).outcome


async def test_a_reply_about_a_subject_is_a_hit(cache: ReplyCache, subject: str) -> None:
    await put(cache, subject)

    assert await outcome(cache, subject) is CacheOutcome.HIT


async def test_an_invalidation_ends_every_reply_about_the_subject(
    cache: ReplyCache, subject: str
) -> None:
    await put(cache, subject)
    await put(cache, subject, limit=3)
    await cache.invalidate(subject)

    assert await outcome(cache, subject) is CacheOutcome.MISS
    assert await outcome(cache, subject, limit=3) is CacheOutcome.MISS


async def test_a_reply_computed_after_an_invalidation_is_a_hit(
    cache: ReplyCache, subject: str
) -> None:
    await cache.invalidate(subject)
    await put(cache, subject)

    assert await outcome(cache, subject) is CacheOutcome.HIT


async def test_replies_about_others_stay(cache: ReplyCache, subject: str) -> None:
    await put(cache, subject)
    await cache.invalidate(f"{subject}-other")

    assert await outcome(cache, subject) is CacheOutcome.HIT


async def test_a_reply_that_was_being_computed_when_its_subject_was_invalidated_is_no_hit(
    cache: ReplyCache, subject: str
) -> None:
    missed = await cache.get(key_of(subject), subject)
    await cache.invalidate(subject)
    await cache.put(key_of(subject), StoredReply(b"too late", token=missed.token))

    assert await outcome(cache, subject) is CacheOutcome.MISS


async def test_another_process_does_not_find_the_reply_either(
    settings: StoreSettings, cache: ReplyCache, subject: str
) -> None:
    await put(cache, subject)
    async with ReplyCache(settings, timeout_seconds=PATIENT_SECONDS) as other:
        await other.invalidate(subject)

    assert await outcome(cache, subject) is CacheOutcome.MISS


async def test_a_reply_does_not_come_back_when_redis_evicts_the_token(
    cache: ReplyCache, redis: Redis, subject: str
) -> None:
    await put(cache, subject)
    await cache.invalidate(subject)
    await redis.delete(subject_key(subject))

    assert await outcome(cache, subject) is CacheOutcome.MISS


async def test_two_processes_that_ask_first_keep_replies_for_each_other(
    settings: StoreSettings, cache: ReplyCache, subject: str
) -> None:
    async with ReplyCache(settings, timeout_seconds=PATIENT_SECONDS) as other:
        mine = await cache.get(key_of(subject), subject)
        theirs = await other.get(key_of(subject), subject)

    assert mine.token == theirs.token != ""


async def test_what_redis_did_not_learn_while_it_was_unreachable_is_remembered(
    settings: StoreSettings, cache: ReplyCache, subject: str
) -> None:
    await put(cache, subject)
    async with Proxy("127.0.0.1", port_of(settings)) as proxy:
        own = ReplyCache(
            through(settings, proxy),
            Breakers(failures=1_000),
            timeout_seconds=PATIENT_SECONDS,
        )
        await proxy.refuse()
        await own.invalidate(subject)
        during = await outcome(own, subject)
        await proxy.pass_on()
        afterwards = await outcome(own, subject)
        elsewhere = await outcome(cache, subject)
        await own.close()
    assert (during, afterwards) == (CacheOutcome.BYPASS, CacheOutcome.MISS)
    assert elsewhere is CacheOutcome.MISS


async def test_whoever_asks_after_an_invalidation_shares_no_computation_begun_before(
    nobody_listens: StoreSettings, subject: str
) -> None:
    async with ReplyCache(nobody_listens) as cache:
        before = await cache.get(key_of(subject), subject)
        meanwhile = await cache.get(key_of(subject), subject)
        await cache.invalidate(subject)
        after = await cache.get(key_of(subject), subject)

    assert before.token == meanwhile.token != after.token

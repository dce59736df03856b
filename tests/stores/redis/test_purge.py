import asyncio

import pytest
from redis.asyncio import Redis

from mpp_stores.errors import StoreError, StoreUnavailable
from mpp_stores.redis.cache import CacheOutcome, ReplyCache
from mpp_stores.redis.keys import reply_key, subject_key
from mpp_stores.redis.purge import purge
from mpp_stores.redis.stored_reply import StoredReply
from mpp_stores.settings import StoreSettings
from tests.stores.redis.conftest import PATIENT_SECONDS, AppendOnly, at_port, port_of

OTHER_KEYS = {b"session:7", b"mpp", b"mppx:v1:reply", b"other:mpp:v1:reply"}


async def test_a_purge_deletes_everything_of_ours_and_no_other_key(
    own_redis: StoreSettings,
) -> None:
    replies = [reply_key("recommendations", f"r-{number}", {}) for number in range(2_500)]
    ours = [*replies, subject_key("ada"), "mpp:v0:former:version"]
    async with Redis.from_url(own_redis.redis_url.get_secret_value()) as redis:
        await redis.mset(dict.fromkeys(ours, b"reply"))
        await redis.mset(dict.fromkeys(OTHER_KEYS, b"kept"))

        assert await asyncio.to_thread(purge, own_redis) == 2_502
        assert set(await redis.keys()) == OTHER_KEYS


async def test_a_purge_of_an_empty_cache_deletes_nothing(own_redis: StoreSettings) -> None:
    assert await asyncio.to_thread(purge, own_redis) == 0


async def test_a_purge_removes_the_replies_from_the_append_only_file(
    append_only: AppendOnly,
) -> None:
    await append_only.redis.set(reply_key("recommendations", "r-7", {}), b"of ada-lovelace")
    assert append_only.some_holds(b"ada-lovelace")
    await asyncio.to_thread(purge, append_only.settings)
    await append_only.until_none_holds(b"ada-lovelace")


async def test_a_purge_follows_a_rewriting_that_began_before_it(append_only: AppendOnly) -> None:
    await append_only.redis.set(reply_key("recommendations", "r-7", {}), b"of ada-lovelace")
    await append_only.redis.config_set("rdb-key-save-delay", 1_000_000)
    await append_only.redis.bgrewriteaof()
    await append_only.redis.config_set("rdb-key-save-delay", 0)
    await asyncio.to_thread(purge, append_only.settings)
    await append_only.until_none_holds(b"ada-lovelace")


async def test_a_purge_does_without_a_rewriting_where_none_is_offered(
    append_only: AppendOnly,
) -> None:
    await append_only.redis.execute_command("ACL SETUSER", "default", "-info", "-bgrewriteaof")
    await append_only.redis.set(reply_key("recommendations", "r-7", {}), b"of ada-lovelace")
    assert await asyncio.to_thread(purge, append_only.settings) == 1


async def test_a_reply_that_was_being_computed_during_a_purge_is_no_hit_later(
    own_redis: StoreSettings,
) -> None:
    key = reply_key("recommendations", "r-7", {})
    async with ReplyCache(own_redis, timeout_seconds=PATIENT_SECONDS) as cache:
        missed = await cache.get(key, "ada")
        await asyncio.to_thread(purge, own_redis)
        await cache.put(key, StoredReply(b"of an erased user", token=missed.token))

        assert (await cache.get(key, "ada")).outcome is CacheOutcome.MISS


def test_a_purge_of_a_redis_that_is_down_can_be_tried_again(nobody_listens: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="could not purge the cached replies"):
        purge(nobody_listens)


def test_a_purge_says_that_trying_a_refused_password_again_is_useless(
    settings: StoreSettings,
) -> None:
    with pytest.raises(StoreError) as failure:
        purge(at_port(settings, port_of(settings), password="wrong"))

    assert not failure.value.retryable

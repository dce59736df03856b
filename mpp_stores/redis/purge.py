"""Deleting everything of ours in Redis."""

from contextlib import suppress
from itertools import islice
from time import monotonic, sleep
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

from mpp_stores.redis.connection import redis_errors, url_of
from mpp_stores.redis.keys import KEY_PREFIX
from mpp_stores.settings import StoreSettings

SOCKET_SECONDS = 5
KEYS_A_STEP = 1_000
REWRITE_SECONDS = 60
"""How long the append-only file may take to be rewritten, before it is rewritten once more."""
_LOOK_AGAIN_SECONDS = 0.1


def purge(settings: StoreSettings) -> int:
    """Delete every cached reply, of any version and release. Returns how many keys there were.

    Replies that are put meanwhile may stay until they expire. The append-only file, where there
    is one, holds the deleted replies until it is rewritten: that is begun, and not waited for.

    Raises:
        StoreUnavailable, StoreRejected: some or all of them are still there, or stay in that file.
    """
    deleted = 0
    with (
        redis_errors("purge the cached replies"),
        Redis.from_url(
            url_of(settings),
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
        ) as redis,
    ):
        keys = redis.scan_iter(match=f"{KEY_PREFIX}:*", count=KEYS_A_STEP)
        while some := list(islice(keys, KEYS_A_STEP)):
            deleted += cast(int, redis.unlink(*some))
        with suppress(ResponseError):  # some services offer neither command
            _rewrite_append_only_file(redis)
    return deleted


def _rewrite_append_only_file(redis: Redis) -> None:
    """A rewriting that is under way began before the deletion, so its file holds what was
    deleted: another one follows it."""
    give_up = monotonic() + REWRITE_SECONDS
    while (state := redis.info("persistence")).get("aof_rewrite_in_progress"):
        if monotonic() > give_up:
            raise TimeoutError(f"its append-only file is being rewritten for {REWRITE_SECONDS} s")
        sleep(_LOOK_AGAIN_SECONDS)
    if state.get("aof_enabled"):
        redis.bgrewriteaof()

"""Deleting everything of ours in Redis."""

from itertools import islice
from typing import cast

from redis import Redis

from mpp_stores.redis.connection import redis_errors
from mpp_stores.redis.keys import KEY_PREFIX
from mpp_stores.settings import StoreSettings

SOCKET_SECONDS = 5
KEYS_A_STEP = 1_000


def purge(settings: StoreSettings) -> int:
    """Delete every cached reply, of any version and release. Returns how many keys there were.

    Replies that are put meanwhile may stay until they expire.

    Raises:
        StoreUnavailable, StoreRejected: some or all of them are still there.
    """
    deleted = 0
    with (
        redis_errors("purge the cached replies"),
        Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
        ) as redis,
    ):
        keys = redis.scan_iter(match=f"{KEY_PREFIX}:*", count=KEYS_A_STEP)
        while some := list(islice(keys, KEYS_A_STEP)):
            deleted += cast(int, redis.unlink(*some))
    return deleted

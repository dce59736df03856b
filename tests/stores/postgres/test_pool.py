from contextlib import AsyncExitStack

import pytest

from mpp_stores.breaker import GaveUpEarly
from mpp_stores.postgres.pool import POOL_SIZE, LazyPool
from mpp_stores.settings import StoreSettings


async def test_a_crowd_is_not_taken_for_a_server_that_is_down(settings: StoreSettings) -> None:
    """Several in a row would have Postgres left alone."""
    pool = LazyPool(settings, name="crowded")
    async with AsyncExitStack() as others:
        for _ in range(POOL_SIZE):
            await others.enter_async_context(pool.connection())
        with pytest.raises(GaveUpEarly, match="all are in use"):
            await others.enter_async_context(pool.connection())
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
    await pool.close()

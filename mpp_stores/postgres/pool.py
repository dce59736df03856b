"""Connections for the API: few, opened on first use, and each wait bounded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import AsyncConnectionPool

from mpp_stores.breaker import Turns
from mpp_stores.postgres.connection import STORE, connection_parameters
from mpp_stores.settings import StoreSettings

POOL_SIZE = 4
CONNECT_TIMEOUT_SECONDS = 2
CONNECTION_WAIT_SECONDS = 1.0
STATEMENT_TIMEOUT_MILLISECONDS = 2_000
QUERY_TIMEOUT_SECONDS = 4.0
"""Bounds a whole use of a connection where the server never answers, which its own timeout
cannot."""


class LazyPool:
    """A small pool that opens on first use, so the API starts while Postgres is down.

    Connections are tested when taken from the pool and attempted afresh on every
    use after a failure: it recovers as soon as the server does. They commit by themselves.
    """

    def __init__(self, settings: StoreSettings, *, name: str) -> None:
        self._turns = Turns(STORE, POOL_SIZE, CONNECTION_WAIT_SECONDS)
        self._pool = AsyncConnectionPool(
            kwargs={
                **connection_parameters(
                    settings, f"statement_timeout={STATEMENT_TIMEOUT_MILLISECONDS}"
                ),
                "autocommit": True,
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            },
            min_size=0,
            max_size=POOL_SIZE,
            open=False,
            timeout=CONNECTION_WAIT_SECONDS,
            # Longer would keep retrying in the background, ever more rarely.
            reconnect_timeout=CONNECTION_WAIT_SECONDS,
            check=AsyncConnectionPool.check_connection,
            name=name,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """For one question. Raises `TimeoutError` when it takes too long, `GaveUpEarly` when
        others keep all connections in use, and psycopg's errors."""
        async with asyncio.timeout(QUERY_TIMEOUT_SECONDS), self._turns.turn():
            await self._pool.open()
            async with self._pool.connection() as connection:
                yield connection

    async def close(self) -> None:
        await self._pool.close()

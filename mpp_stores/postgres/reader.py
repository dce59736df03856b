"""What the API asks Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connection_parameters, postgres_errors
from mpp_stores.postgres.releases import NOTHING_WRITTEN_YET
from mpp_stores.records import CampaignPerformance, Release, UserEngagement
from mpp_stores.settings import StoreSettings

POOL_SIZE = 4
CONNECT_TIMEOUT_SECONDS = 2
CONNECTION_WAIT_SECONDS = 1.0
STATEMENT_TIMEOUT_MILLISECONDS = 2_000
QUERY_TIMEOUT_SECONDS = 4.0
"""Bounds a whole query where the server never answers, which its own timeout cannot."""

Record = TypeVar("Record")


class TableReader:
    """A small pool that opens on first use, so the API starts while Postgres is down.

    Connections are tested when taken from the pool and attempted afresh on every
    request after a failure: the reader recovers as soon as the server does. A
    database without tables reads as empty; that is a stack before its first ingest.
    """

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._schema = Identifier(schema_name)
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
            name="mpp-tables",
        )

    async def ping(self) -> None:
        """Raises unless Postgres answers a query."""
        with postgres_errors("ping"):
            async with asyncio.timeout(QUERY_TIMEOUT_SECONDS), self._connection() as connection:
                await connection.execute("SELECT 1")

    async def user_engagement(self, user_id: str) -> list[UserEngagement]:
        """The user's campaigns, best first."""
        return await self._fetch(
            UserEngagement,
            f"read the engagement of user {user_id!r}",
            tables.SELECT_USER_ENGAGEMENT,
            user_id=user_id,
        )

    async def campaign_performance(self, campaign_id: str) -> CampaignPerformance | None:
        found = await self._fetch(
            CampaignPerformance,
            f"read the performance of campaign {campaign_id!r}",
            tables.SELECT_CAMPAIGN_PERFORMANCE,
            campaign_id=campaign_id,
        )
        return found[0] if found else None

    async def campaign_performances(self) -> list[CampaignPerformance]:
        """Every campaign, best first."""
        return await self._fetch(
            CampaignPerformance,
            "read the performance of every campaign",
            tables.SELECT_CAMPAIGN_PERFORMANCES,
        )

    async def current_release(self) -> Release | None:
        """The latest release; None before the first."""
        found = await self._fetch(
            Release, "read the current release", tables.SELECT_LATEST_RELEASES, limit=1
        )
        return found[0] if found else None

    async def close(self) -> None:
        await self._pool.close()

    async def _fetch(
        self, record: type[Record], attempted: str, query: SQL, **values: Any
    ) -> list[Record]:
        statement = query.format(schema=self._schema)
        with postgres_errors(attempted):
            async with asyncio.timeout(QUERY_TIMEOUT_SECONDS), self._connection() as connection:
                try:
                    async with connection.cursor(row_factory=class_row(record)) as cursor:
                        await cursor.execute(statement, values)
                        return await cursor.fetchall()
                except NOTHING_WRITTEN_YET:
                    return []

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        await self._pool.open()
        async with self._pool.connection() as connection:
            yield connection

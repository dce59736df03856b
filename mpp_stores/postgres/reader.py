"""What the API asks Postgres."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import AsyncConnectionPool

from mpp_stores.postgres import erasure_queries, erasures, release_queries, table_queries, tables
from mpp_stores.postgres.connection import (
    NOTHING_WRITTEN_YET,
    connection_parameters,
    postgres_errors,
)
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.records import (
    Campaign,
    CampaignPerformance,
    Erasure,
    Materialization,
    Release,
    UserEngagement,
)
from mpp_stores.settings import StoreSettings

POOL_SIZE = 4
CONNECT_TIMEOUT_SECONDS = 2
CONNECTION_WAIT_SECONDS = 1.0
STATEMENT_TIMEOUT_MILLISECONDS = 2_000
QUERY_TIMEOUT_SECONDS = 4.0
"""Bounds a whole query where the server never answers, which its own timeout cannot."""

Record = TypeVar("Record")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Hash:
    subject_hash: str


@dataclass(frozen=True, slots=True)
class _Salt:
    salt: bytes = field(repr=False)


class TableReader:
    """A small pool that opens on first use, so the API starts while Postgres is down.

    Connections are tested when taken from the pool and attempted afresh on every
    request after a failure: the reader recovers as soon as the server does. A
    database without tables reads as empty; that is a stack before its first ingest.
    """

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._settings = settings
        self._schema_name = schema_name
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

    async def user_engagement(self, user_id: str, *, materialization: int) -> list[UserEngagement]:
        """The user's campaigns, best first."""
        return await self._fetch(
            UserEngagement,
            "read the engagement of a user",
            table_queries.SELECT_USER_ENGAGEMENT,
            user_id=user_id,
            materialization=materialization,
        )

    async def campaign_performance(
        self, campaign_id: str, *, materialization: int
    ) -> CampaignPerformance | None:
        found = await self._fetch(
            CampaignPerformance,
            f"read the performance of campaign {campaign_id!r}",
            table_queries.SELECT_CAMPAIGN_PERFORMANCE,
            campaign_id=campaign_id,
            materialization=materialization,
        )
        return found[0] if found else None

    async def campaign_performances(self, *, materialization: int) -> list[CampaignPerformance]:
        """Every campaign, best first."""
        return await self._fetch(
            CampaignPerformance,
            "read the performance of every campaign",
            table_queries.SELECT_CAMPAIGN_PERFORMANCES,
            materialization=materialization,
        )

    async def campaigns(self, *, materialization: int) -> list[Campaign]:
        """What the campaign file says, by campaign id."""
        return await self._fetch(
            Campaign,
            "read the campaigns",
            table_queries.SELECT_CAMPAIGNS,
            materialization=materialization,
        )

    async def current_release(self) -> Release | None:
        """The release that is served; None before the first."""
        found = await self._fetch(Release, "read the served release", release_queries.SELECT_SERVED)
        return found[0] if found else None

    async def contents(self, release_id: str) -> dict[str, list[int]]:
        """The materializations that a release serves, by asset."""
        found = await self._fetch(
            Materialization,
            f"read the contents of release {release_id!r}",
            release_queries.SELECT_CONTENTS,
            release_id=release_id,
        )
        numbers: dict[str, list[int]] = defaultdict(list)
        for each in found:
            numbers[each.asset].append(each.materialization)
        return dict(numbers)

    async def request_erasure(self, user_id: str) -> Erasure:
        return await self._in_thread(erasures.request, user_id)

    async def erasure(self, erasure_id: str) -> Erasure | None:
        return await self._in_thread(erasures.find, erasure_id)

    async def erased_subjects(self) -> ErasedSubjects:
        # In this order: whoever has a hash has the salt.
        hashes = await self._fetch(_Hash, "read who was erased", erasure_queries.SELECT_HASHES)
        salts = await self._fetch(_Salt, "read who was erased", erasure_queries.SELECT_SALT)
        salt = bytes(salts[0].salt) if salts else b""
        return ErasedSubjects(salt, frozenset(row.subject_hash for row in hashes))

    async def _in_thread(self, ask: Callable[..., Answer], *arguments: str) -> Answer:
        """What is rarely asked, on a connection of its own."""
        return await asyncio.to_thread(
            ask, self._settings, *arguments, schema_name=self._schema_name
        )

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

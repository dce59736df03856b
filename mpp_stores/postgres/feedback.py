"""What replies showed to whom, and what was made of it.

Two tables, written by the API alone: `exposures` (one row a reply and campaign) and
`feedback` (one row a reply, user, campaign and kind). Both name users, so an erasure
calls `delete_user` and `rows_of_user`; publishing a release calls `drop_exposures`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from pydantic import TypeAdapter

from mpp_stores.feedback_kind import FeedbackKind
from mpp_stores.postgres import feedback_queries as queries
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, connect, postgres_errors
from mpp_stores.postgres.pool import LazyPool
from mpp_stores.records import Dismissal, Exposure, Feedback, FeedbackCounts
from mpp_stores.settings import StoreSettings

TABLES = ("exposures", "feedback")

_EXPOSURES = TypeAdapter(Sequence[Exposure])


class FeedbackStore:
    """Reads and writes both tables. A database without them reads as empty, and gets them with
    the first row."""

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._settings = settings
        self._schema_name = schema_name
        self._schema = Identifier(schema_name)
        self._pool = LazyPool(settings, name="mpp-feedback")

    async def record(self, feedback: Sequence[Feedback]) -> list[bool]:
        """All of it or, where this raises, none. Says of each whether it is new: False for what
        was recorded before, or stands earlier in the same list."""
        rows = {
            "request_ids": [each.request_id for each in feedback],
            "user_ids": [each.user_id for each in feedback],
            "campaign_ids": [each.campaign_id for each in feedback],
            "kinds": [str(each.kind) for each in feedback],
            "occurred_at": [each.occurred_at for each in feedback],
        }
        inserted = set(await self._write("record feedback", queries.INSERT_FEEDBACK, rows))
        is_new = []
        for each in feedback:
            identity = (each.request_id, each.user_id, each.campaign_id, str(each.kind))
            is_new.append(identity in inserted)
            inserted.discard(identity)
        return is_new

    async def add_exposures(self, exposures: Sequence[Exposure]) -> None:
        """Safe to repeat."""
        values = {"exposures": _EXPOSURES.dump_json(exposures).decode()}
        await self._write("log exposures", queries.INSERT_EXPOSURES, values)

    async def dismissed(self, user_id: str) -> frozenset[str]:
        """The campaigns that the user does not want to see again."""
        found = await self._read(
            "read what a user dismissed", queries.SELECT_DISMISSED, user_id=user_id
        )
        return frozenset(campaign_id for (campaign_id,) in found)

    async def dismissals(self, user_id: str) -> list[Dismissal]:
        """The same with their times, newest first."""
        found = await self._read(
            "list what a user dismissed", queries.SELECT_DISMISSALS, user_id=user_id
        )
        return [Dismissal(*row) for row in found]

    async def undo_dismissal(self, user_id: str, campaign_id: str) -> None:
        """Forget every dismissal of the campaign by the user; there may be none."""
        with postgres_errors("undo a dismissal"):
            async with self._cursor() as cursor:
                try:
                    await cursor.execute(
                        queries.DELETE_DISMISSALS.format(schema=self._schema),
                        {"user_id": user_id, "campaign_id": campaign_id},
                    )
                except NOTHING_WRITTEN_YET:
                    return

    async def known_campaigns(
        self,
        campaign_ids: Sequence[str],
        *,
        campaign_performance: int | None,
        campaigns: int | None,
    ) -> frozenset[str]:
        """Which of them a reply ever showed, or these two materializations hold."""
        found = await self._read(
            "look campaigns up",
            queries.SELECT_KNOWN_CAMPAIGNS,
            campaign_ids=list(campaign_ids),
            campaign_performance=campaign_performance,
            campaigns=campaigns,
        )
        return frozenset(campaign_id for (campaign_id,) in found)

    async def counts(self, campaign_id: str) -> FeedbackCounts:
        attempted = "count the feedback on a campaign"
        exposures = await self._read(attempted, queries.COUNT_EXPOSURES, campaign_id=campaign_id)
        by_kind = dict(await self._read(attempted, queries.COUNT_FEEDBACK, campaign_id=campaign_id))
        return FeedbackCounts(
            exposures=exposures[0][0] if exposures else 0,
            impressions=by_kind.get(FeedbackKind.IMPRESSION, 0),
            clicks=by_kind.get(FeedbackKind.CLICK, 0),
            dismissals=by_kind.get(FeedbackKind.DISMISS, 0),
            conversions=by_kind.get(FeedbackKind.CONVERSION, 0),
        )

    async def close(self) -> None:
        await self._pool.close()

    async def _read(self, attempted: str, query: SQL, **values: Any) -> list[tuple[Any, ...]]:
        with postgres_errors(attempted):
            async with self._cursor() as cursor:
                try:
                    await cursor.execute(query.format(schema=self._schema), values)
                    return await cursor.fetchall()
                except NOTHING_WRITTEN_YET:
                    return []

    async def _write(
        self, attempted: str, query: SQL, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        with postgres_errors(attempted):
            try:
                return await self._insert(query, values)
            except NOTHING_WRITTEN_YET:
                await asyncio.to_thread(_prepare, self._settings, self._schema_name)
                return await self._insert(query, values)

    async def _insert(self, query: SQL, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        async with self._cursor() as cursor:
            await cursor.execute(query.format(schema=self._schema), values)
            return await cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def _cursor(self) -> AsyncIterator[psycopg.AsyncCursor]:
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            yield cursor


def drop_exposures(
    settings: StoreSettings, *, older_than_days: int, schema_name: str = tables.SCHEMA_NAME
) -> int:
    """Returns how many rows were deleted."""
    query = queries.DELETE_EXPOSURES.format(schema=Identifier(schema_name))
    with postgres_errors("drop old exposures"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        return connection.execute(query, {"days": older_than_days}).rowcount


def delete_user(
    settings: StoreSettings, user_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> dict[str, int]:
    """Rows removed, by table."""
    return _of_user(settings, "erase feedback", queries.DELETE_OF_USER, user_id, schema_name)


def rows_of_user(
    settings: StoreSettings, user_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> int:
    """Over both tables."""
    counts = _of_user(settings, "count feedback", queries.COUNT_OF_USER, user_id, schema_name)
    return sum(counts.values())


def _of_user(
    settings: StoreSettings, attempted: str, query: SQL, user_id: str, schema_name: str
) -> dict[str, int]:
    counts = {}
    with postgres_errors(attempted), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        for name in TABLES:
            table = Identifier(schema_name, name)
            cursor = connection.execute(query.format(table=table), {"user_id": user_id})
            counts[name] = cursor.fetchall()[0][0] if cursor.description else cursor.rowcount
    return counts


def _prepare(settings: StoreSettings, schema_name: str) -> None:
    with connect(settings) as connection:
        tables.prepare(connection, schema_name)

"""What the API asks Postgres."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from mpp_stores.postgres import erasure_queries, erasures, release_queries, table_queries, tables
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, postgres_errors
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.postgres.pool import LazyPool
from mpp_stores.records import (
    Campaign,
    CampaignPerformance,
    Erasure,
    Materialization,
    Release,
    UserEngagement,
    UserSummary,
)
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS

Record = TypeVar("Record")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Hash:
    subject_hash: str


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests for erasures. None is ever deleted, so that each that comes changes the count;
    after a restore from a backup the count can come to what it was, but not with this time."""

    request_count: int
    last_requested_at: datetime | None


@dataclass(frozen=True, slots=True)
class _LevelCount:
    engagement_level: str
    user_count: int


@dataclass(frozen=True, slots=True)
class _Numbers:
    asset: str
    numbers: list[int]


@dataclass(frozen=True, slots=True)
class _Salt:
    salt: bytes = field(repr=False)


class TableReader:
    """A database without tables reads as empty; that is a stack before its first ingest."""

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._settings = settings
        self._schema_name = schema_name
        self._schema = Identifier(schema_name)
        self._pool = LazyPool(settings, name="mpp-tables")
        self._erased: tuple[Sequence[_Requests], ErasedSubjects] | None = None

    async def ping(self) -> None:
        """Raises unless Postgres answers a query."""
        with postgres_errors("ping"):
            async with self._pool.connection() as connection:
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

    async def users(
        self, limit: int, *, materialization: int, prefix: str = "", after: str = ""
    ) -> list[UserSummary]:
        """Users by id, from the one after `after`; those whose id starts with `prefix`."""
        return await self._fetch(
            UserSummary,
            "list users",
            table_queries.SELECT_USERS,
            prefix=prefix,
            after=after,
            limit=limit,
            materialization=materialization,
        )

    async def audience(
        self,
        campaign_id: str,
        limit: int,
        *,
        materialization: int,
        level: str | None = None,
        after: tuple[float, str] | None = None,
    ) -> list[UserEngagement]:
        """The campaign's users, best engagement first and equal ones by id.

        `after` is the engagement_score and user_id of the last one known already.
        """
        after_score, after_user_id = after or (None, "")
        return await self._fetch(
            UserEngagement,
            "read the audience of a campaign",
            table_queries.SELECT_AUDIENCE,
            campaign_id=campaign_id,
            level=level,
            after_score=after_score,
            after_user_id=after_user_id,
            limit=limit,
            materialization=materialization,
        )

    async def audience_by_level(self, campaign_id: str, *, materialization: int) -> dict[str, int]:
        """How many users the campaign has, by engagement level; a level without any is absent."""
        found = await self._fetch(
            _LevelCount,
            "count the audience of a campaign",
            table_queries.COUNT_AUDIENCE,
            campaign_id=campaign_id,
            materialization=materialization,
        )
        return {row.engagement_level: row.user_count for row in found}

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
        """The materializations that a release serves of each target, by its name: not those of
        every batch there ever was."""
        found = await self._fetch(
            _Numbers,
            f"read the contents of release {release_id!r}",
            release_queries.SELECT_NUMBERS,
            release_id=release_id,
            assets=list(TARGETS),
        )
        return {each.asset: each.numbers for each in found}

    async def materializations(
        self, release_id: str, partitions: Sequence[str]
    ) -> list[Materialization]:
        """What a kept release serves of these partitions, by asset and partition; `""` is that of
        an asset without partitions. Of a release that is not kept: nothing."""
        return await self._fetch(
            Materialization,
            f"read the contents of release {release_id!r}",
            release_queries.SELECT_CONTENTS,
            release_id=release_id,
            partitions=list(partitions),
        )

    async def materializations_after(
        self, number: int, release_id: str, limit: int, *, asset: str | None = None
    ) -> list[Materialization]:
        """What a kept release serves, of one asset or of all, by number: those after `number`."""
        return await self._fetch(
            Materialization,
            f"read the contents of release {release_id!r}",
            release_queries.SELECT_CONTENTS_AFTER,
            release_id=release_id,
            asset=asset,
            after=number,
            limit=limit,
        )

    async def releases(self, limit: int, *, before: str | None = None) -> list[Release]:
        """Published last first, those published before the release `before`."""
        return await self._fetch(
            Release,
            "list the releases",
            release_queries.SELECT_RELEASES,
            before=before,
            limit=limit,
        )

    async def release(self, release_id: str) -> Release | None:
        found = await self._fetch(
            Release,
            "read a release",
            release_queries.SELECT_RELEASE,
            release_id=release_id,
        )
        return found[0] if found else None

    async def request_erasure(self, user_id: str) -> Erasure:
        return await self._in_thread(erasures.request, user_id)

    async def erasure(self, erasure_id: str) -> Erasure | None:
        return await self._in_thread(erasures.find, erasure_id)

    async def erased_subjects(self) -> ErasedSubjects:
        """All who ever asked. They are read anew when requests were added since the last time."""
        requests = await self._fetch(_Requests, "look for erasures", erasure_queries.COUNT_REQUESTS)
        if self._erased is not None and self._erased[0] == requests:
            return self._erased[1]
        # In this order: whoever has a hash has the salt.
        hashes = await self._fetch(_Hash, "read who was erased", erasure_queries.SELECT_HASHES)
        salts = await self._fetch(_Salt, "read who was erased", erasure_queries.SELECT_SALT)
        salt = bytes(salts[0].salt) if salts else b""
        erased = ErasedSubjects(salt, frozenset(row.subject_hash for row in hashes))
        self._erased = requests, erased
        return erased

    async def names_erased_users(self, begun_at: datetime, *, user_engagement: int) -> bool:
        """Whether what began then, over this engagement, was still made of users who asked to
        be forgotten."""
        found = await self._fetch(
            _Hash,
            "read who was erased since",
            erasure_queries.SELECT_SUBJECTS_IN,
            begun_at=begun_at,
            user_engagement=user_engagement,
        )
        return bool(found)

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
            async with self._pool.connection() as connection:
                try:
                    async with connection.cursor(row_factory=class_row(record)) as cursor:
                        await cursor.execute(statement, values)
                        return await cursor.fetchall()
                except NOTHING_WRITTEN_YET:
                    return []

"""What the API asks Neo4j."""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from typing import Any, LiteralString

import neo4j
from neo4j.exceptions import ServiceUnavailable, SessionExpired

from mpp_stores.neo4j import queries
from mpp_stores.neo4j.connection import driver_arguments, neo4j_errors
from mpp_stores.records import CoEngagement, EngagedWith
from mpp_stores.settings import StoreSettings

DEFAULT_TIMEOUT_SECONDS = 2.0
STRONGEST_PEERS = 200
"""Peers that `co_engaged_campaigns` follows."""


class GraphReader:
    """A pool that opens on first use, so the API starts while Neo4j is down.

    `timeout_seconds` bounds a whole call: waiting for a connection, the query
    (the server is told to give up too) and fetching. After a failure the next
    call connects afresh, so the reader recovers as soon as the server does.
    """

    def __init__(
        self, settings: StoreSettings, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._database = settings.neo4j_database
        with neo4j_errors("open a driver"):
            self._driver = neo4j.AsyncGraphDatabase.driver(
                **driver_arguments(settings, timeout_seconds)
            )

    async def ping(self) -> None:
        """Raises unless Neo4j answers a query."""
        await self._records("ping", queries.PING)

    async def close(self) -> None:
        await self._driver.close()

    async def engaged_with(
        self, user_ids: Sequence[str], *, materialization: int
    ) -> list[EngagedWith]:
        """The users' edges, by user and campaign id. Unknown users have none."""
        records = await self._records(
            "read the edges of users",
            queries.ENGAGED_WITH_OF_USERS,
            user_ids=list(set(user_ids)),
            materialization=materialization,
        )
        return [
            EngagedWith(
                user_id=record["user_id"],
                campaign_id=record["campaign_id"],
                message_count=record["message_count"],
                active_days=record["active_days"],
                first_at=record["first_at"].to_native().replace(tzinfo=UTC),
                last_at=record["last_at"].to_native().replace(tzinfo=UTC),
            )
            for record in records
        ]

    async def co_engaged_campaigns(
        self, user_id: str, limit: int, *, materialization: int
    ) -> list[CoEngagement]:
        """Campaigns two hops away over the `STRONGEST_PEERS`, heaviest first: those who lead to a
        campaign that is not the user's, then others, each by their overlap.

        The user's own are among them, each reached over the user's other campaigns only.
        """
        records = await self._records(
            "traverse co-engagement",
            queries.CO_ENGAGED_CAMPAIGNS,
            user_id=user_id,
            limit=limit,
            peer_limit=STRONGEST_PEERS,
            materialization=materialization,
        )
        return [CoEngagement(**record.data()) for record in records]

    async def _records(
        self, attempted: str, query: LiteralString, **parameters: Any
    ) -> list[neo4j.Record]:
        with neo4j_errors(attempted):
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    return await self._run_outliving_connections(query, parameters)
            except TimeoutError:
                raise TimeoutError(f"no answer within {self._timeout_seconds} s") from None

    async def _run_outliving_connections(
        self, query: LiteralString, parameters: dict[str, Any]
    ) -> list[neo4j.Record]:
        """Once more where a pooled connection outlived its server: the pool has dropped it now."""
        try:
            return await self._run(query, parameters)
        except (ServiceUnavailable, SessionExpired):
            return await self._run(query, parameters)

    async def _run(self, query: LiteralString, parameters: dict[str, Any]) -> list[neo4j.Record]:
        bounded = neo4j.Query(query, timeout=self._timeout_seconds)
        async with self._driver.session(
            database=self._database, default_access_mode=neo4j.READ_ACCESS
        ) as session:
            result = await session.run(bounded, parameters)
            return [record async for record in result]

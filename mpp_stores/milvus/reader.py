"""The read service's side of Milvus: profiles and nearest neighbours."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

from pymilvus import AsyncMilvusClient, MilvusException

from mpp_stores.errors import StoreUnavailable, translated
from mpp_stores.milvus import filters
from mpp_stores.milvus.collections import (
    CAMPAIGN_PROFILE_SHAPE,
    CAMPAIGN_PROFILES,
    EMBEDDING,
    MESSAGES,
    SERVING_CONSISTENCY,
    USER_PROFILE_SHAPE,
    USER_PROFILES,
    profiles_partition,
    row_id,
)
from mpp_stores.milvus.connection import client_options
from mpp_stores.milvus.errors import is_missing, is_not_loaded, is_retryable
from mpp_stores.records import (
    CampaignProfile,
    SimilarCampaign,
    SimilarMessage,
    SimilarUser,
    UserProfile,
)
from mpp_stores.settings import StoreSettings
from mpp_stores.unix_time import from_microseconds, to_microseconds

DEFAULT_TIMEOUT_SECONDS = 3.0
MOST_ROWS = 16_384
"""The most that Milvus answers with."""

# `ef`, how many vectors a search of the HNSW index keeps in view. milvus-lite walks the whole
# index and leaves out what the filter excludes: with its default of 64, the 20 nearest of
# 20,000 were found to 0.96, of one day in thirty to 0.82, of one campaign in fourteen to 0.07.
# With these, all were found, a little (or, narrowly, 50 ms) later. Milvus compares the few
# vectors that a narrow filter leaves one by one, whatever `ef` is.
EXPLORED = 1_024
NARROWLY_EXPLORED = 16_384

SILENCE_BEFORE_RECONNECT_SECONDS = 0.5
"""Longer than an answer takes. Whoever gives up sooner had too little time to know."""

T = TypeVar("T")


class VectorReader:
    """Asks Milvus, each question within `timeout` seconds, connecting included.

    A collection that does not exist has no rows: before the first ingest every
    answer is empty. A server that restarts is found again by the next question,
    and its collections are loaded on use.
    """

    def __init__(
        self,
        settings: StoreSettings,
        *,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        consistency: str = SERVING_CONSISTENCY,
        messages: str = MESSAGES,
        user_profiles: str = USER_PROFILES,
        campaign_profiles: str = CAMPAIGN_PROFILES,
    ) -> None:
        self._settings = settings
        self._timeout = timeout
        self._consistency = consistency
        self._messages = messages
        self._user_profiles = user_profiles
        self._campaign_profiles = campaign_profiles
        self._client: AsyncMilvusClient | None = None
        self._answered_at = 0.0
        self._connecting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def close(self) -> None:
        self._leave_connection()
        self._closing.set()
        await asyncio.gather(*self._leaving)
        self._closing.clear()

    async def ping(self) -> None:
        """Raise `StoreUnavailable` unless the server answers."""

        async def ask(client: AsyncMilvusClient) -> None:
            await client.list_collections()

        await self._within_timeout("ping", ask)

    async def profile(self, user_id: str, *, materialization: int) -> UserProfile | None:
        rows = await self._ask(
            "read the profile of a user",
            self._user_profiles,
            lambda client: client.query(
                self._user_profiles,
                filter=filters.bound(filters.ROWS, row_ids=[row_id(materialization, user_id)]),
                output_fields=USER_PROFILE_SHAPE.read_fields,
                consistency_level=self._consistency,
            ),
        )
        for row in rows:
            return UserProfile(
                user_id=row["user_id"],
                message_count=row["message_count"],
                last_at=from_microseconds(row["last_at"]),
                embedding=[float(number) for number in row[EMBEDDING]],
            )
        return None

    async def similar_users(
        self,
        embedding: Sequence[float],
        limit: int,
        *,
        exclude_user_id: str,
        materialization: int,
    ) -> list[SimilarUser]:
        """Users by the cosine of their profile and `embedding`, most similar first."""
        hits = await self._nearest(
            self._user_profiles,
            embedding,
            limit,
            filters.bound(
                filters.OF_OTHER_USERS,
                materializations=[materialization],
                user_id=exclude_user_id,
            ),
            ["user_id"],
            partition=profiles_partition(materialization),
        )
        return [SimilarUser(hit["entity"]["user_id"], _cosine(hit)) for hit in hits]

    async def campaign_profiles(
        self, *, materialization: int, campaign_ids: Sequence[str]
    ) -> list[CampaignProfile]:
        """Of those campaigns that have messages, in any order."""
        if not campaign_ids:
            return []
        row_ids = [row_id(materialization, campaign_id) for campaign_id in campaign_ids]
        wanted = filters.bound(filters.ROWS, row_ids=row_ids)
        rows = await self._ask(
            "read the profiles of campaigns",
            self._campaign_profiles,
            lambda client: client.query(
                self._campaign_profiles,
                filter=wanted,
                output_fields=CAMPAIGN_PROFILE_SHAPE.read_fields,
                limit=MOST_ROWS,
                consistency_level=self._consistency,
            ),
        )
        return [
            CampaignProfile(
                campaign_id=row["campaign_id"],
                message_count=row["message_count"],
                last_at=from_microseconds(row["last_at"]),
                embedding=[float(number) for number in row[EMBEDDING]],
            )
            for row in rows
        ]

    async def similar_campaigns(
        self,
        embedding: Sequence[float],
        limit: int,
        *,
        materialization: int,
        exclude_campaign_id: str = "",
    ) -> list[SimilarCampaign]:
        """Campaigns by the cosine of their profile and `embedding`, most similar first."""
        hits = await self._nearest(
            self._campaign_profiles,
            embedding,
            limit,
            filters.bound(
                filters.OTHER_CAMPAIGNS,
                materializations=[materialization],
                campaign_id=exclude_campaign_id,
            ),
            ["campaign_id"],
            partition=profiles_partition(materialization),
        )
        return [SimilarCampaign(hit["entity"]["campaign_id"], _cosine(hit)) for hit in hits]

    async def similar_messages(
        self,
        embedding: Sequence[float],
        limit: int,
        *,
        materializations: Sequence[int],
        exclude_user_id: str = "",
        user_id: str | None = None,
        campaign_ids: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[SimilarMessage]:
        """Messages by cosine, most similar first: of others, of one user, in these campaigns,
        sent from `since` on and before `until` (aware times)."""
        if not materializations or (campaign_ids is not None and not campaign_ids):
            return []
        bound = filters.bound
        narrowing = []
        if user_id is not None:
            narrowing.append(bound(filters.OF_USER, user_id=user_id))
        if campaign_ids is not None:
            narrowing.append(bound(filters.IN_CAMPAIGNS, campaign_ids=campaign_ids))
        if since is not None:
            narrowing.append(bound(filters.SENT_SINCE, since=to_microseconds(since)))
        if until is not None:
            narrowing.append(bound(filters.SENT_BEFORE, until=to_microseconds(until)))
        others = bound(
            filters.OF_OTHER_USERS, materializations=materializations, user_id=exclude_user_id
        )
        hits = await self._nearest(
            self._messages,
            embedding,
            limit,
            filters.every([others, *narrowing]),
            ["message_id", "user_id", "campaign_id", "text", "sent_at"],
            explored=NARROWLY_EXPLORED if narrowing else EXPLORED,
        )
        return [
            SimilarMessage(
                message_id=hit["entity"]["message_id"],
                user_id=hit["entity"]["user_id"],
                campaign_id=hit["entity"]["campaign_id"],
                text=hit["entity"]["text"],
                sent_at=from_microseconds(hit["entity"]["sent_at"]),
                similarity=_cosine(hit),
            )
            for hit in hits
        ]

    async def _nearest(
        self,
        collection: str,
        embedding: Sequence[float],
        limit: int,
        allowed: str,
        output_fields: list[str],
        *,
        explored: int = EXPLORED,
        partition: str | None = None,
    ) -> list[dict[str, Any]]:
        limit = min(limit, MOST_ROWS)
        found = await self._ask(
            f"search {collection}",
            collection,
            lambda client: client.search(
                collection,
                data=[list(embedding)],
                filter=allowed,
                limit=limit,
                output_fields=output_fields,
                partition_names=None if partition is None else [partition],
                anns_field=EMBEDDING,
                search_params={"params": {"ef": max(explored, limit)}},
                consistency_level=self._consistency,
            ),
        )
        return list(found[0]) if found else []

    async def _ask(
        self,
        attempted: str,
        collection: str,
        question: Callable[[AsyncMilvusClient], Awaitable[list[Any]]],
    ) -> list[Any]:
        """The answer; empty when there is no such collection or partition."""

        async def ask(client: AsyncMilvusClient) -> list[Any]:
            try:
                return await question(client)
            except MilvusException as error:
                if is_missing(error):
                    return []
                if not is_not_loaded(error):
                    raise
                await client.load_collection(collection)
                return await question(client)

        return await self._within_timeout(attempted, ask)

    async def _within_timeout(
        self, attempted: str, ask: Callable[[AsyncMilvusClient], Awaitable[T]]
    ) -> T:
        # The deadline is ours: pymilvus retries up to 75 times and reports its own
        # timeouts with the code of any unexpected error.
        with translated("milvus", attempted, is_retryable):
            try:
                async with asyncio.timeout(self._timeout):
                    return await self._answer(ask)
            except TimeoutError as error:
                raise StoreUnavailable(
                    "milvus", attempted, f"no answer within {self._timeout:g} s"
                ) from error

    async def _answer(self, ask: Callable[[AsyncMilvusClient], Awaitable[T]]) -> T:
        """Leaves a connection on which nobody was answered while this question waited: nobody
        tells gRPC that the other end of one is gone, and it asks only after minutes."""
        client = await self._connected()
        asked_at = monotonic()
        try:
            answer = await ask(client)
        except asyncio.CancelledError:  # by the deadline, or by a caller who gives up
            silence = monotonic() - max(asked_at, self._answered_at)
            if silence >= SILENCE_BEFORE_RECONNECT_SECONDS and client is self._client:
                self._leave_connection()
            raise
        self._answered_at = monotonic()
        return answer

    def _leave_connection(self) -> None:
        """The next question connects anew. Those under way keep theirs for as long as they may
        take: closing it would cancel them all."""
        client, self._client = self._client, None
        if client is not None:
            task = asyncio.create_task(self._close_later(client))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _close_later(self, client: AsyncMilvusClient) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._closing.wait()
        await client.close()

    async def _connected(self) -> AsyncMilvusClient:
        async with self._connecting:  # one connection, however many first questions
            if self._client is None:
                client = AsyncMilvusClient(**client_options(self._settings, self._timeout))
                self._client = await client.__aenter__()
            return self._client


def _cosine(hit: dict[str, Any]) -> float:
    """Milvus's distance under COSINE, less the rounding beyond [-1, 1]."""
    return max(-1.0, min(1.0, float(hit["distance"])))

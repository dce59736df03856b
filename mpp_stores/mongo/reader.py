"""What the API asks MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pymongo import DESCENDING, AsyncMongoClient

from mpp_stores.mongo.connection import mongo_errors, uri_errors
from mpp_stores.mongo.documents import (
    CONVERSATIONS,
    Document,
    document_id,
    of_materializations,
    record_of,
)
from mpp_stores.records import ConversationDocument
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION
from mpp_stores.unix_time import to_microseconds

DEFAULT_TIMEOUT_SECONDS = 2.0
SERVER_SELECTION_SECONDS = 0.5
"""How long a call waits for a server while none is reachable."""

Position = tuple[datetime, str]
"""Of a message among others by time: its sent_at and message_id."""

MAX_CANDIDATE_IDS = 2_000
"""Up to how many `_id`s, one a message and materialization, messages are looked up by."""


class DocumentReader:
    """A pool that opens on first use, so the API starts while MongoDB is down.

    `timeout_seconds` bounds a whole call. The driver watches the server in the
    background, so the reader recovers when it does.
    """

    def __init__(
        self,
        settings: StoreSettings,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        collection: str = CONVERSATIONS,
    ) -> None:
        with uri_errors():
            self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                settings.mongo_uri.get_secret_value(),
                appname="mpp",
                serverSelectionTimeoutMS=int(SERVER_SELECTION_SECONDS * 1_000),
            )
        self._timeout_seconds = timeout_seconds
        self._collection = self._client[settings.mongo_database][collection]

    async def ping(self) -> None:
        """Raises unless MongoDB answers a command."""
        async with self._answering("ping"):
            await self._client.admin.command("ping")

    async def close(self) -> None:
        await self._client.close()

    async def messages(
        self, message_ids: Sequence[str], *, materializations: Sequence[int]
    ) -> list[ConversationDocument]:
        """The messages in the order of their ids as given; those that no given
        materialization holds are left out."""
        if not message_ids or not materializations:
            return []
        async with self._answering("read messages"):
            cursor = self._collection.find(_of_messages(message_ids, materializations))
            found: dict[str, Document] = {
                document["message_id"]: document async for document in cursor
            }
        return [record_of(found[key]) for key in dict.fromkeys(message_ids) if key in found]

    async def timeline(
        self,
        user_id: str,
        limit: int,
        before: datetime | None = None,
        *,
        after: Position | None = None,
        materializations: Sequence[int],
    ) -> list[ConversationDocument]:
        """The user's newest messages, at most `limit`, sent strictly earlier than `before`.

        `after`, the last one known already, is where a next page goes on; it counts alone.
        """
        if not materializations:
            return []
        condition = {"user_id": user_id, **of_materializations(materializations)}
        async with self._answering("read a timeline"):
            return await self._newest(condition, limit, before, after)

    async def latest(
        self, limit: int, *, after: Position | None = None, materialization: int
    ) -> list[ConversationDocument]:
        """The newest messages of one materialization, which is one event day, at most `limit`;
        those that come after `after`."""
        async with self._answering("read the latest messages"):
            return await self._newest({MATERIALIZATION: materialization}, limit, None, after)

    async def _newest(
        self,
        condition: dict[str, Any],
        limit: int,
        before: datetime | None,
        after: Position | None,
    ) -> list[ConversationDocument]:
        """One query where the page begins, and before it one for the moment of `after`:
        NX-27017 scans the collection for `$or`."""
        if after is None:
            bound = {} if before is None else {"sent_at_us": {"$lt": to_microseconds(before)}}
            return await self._sorted({**condition, **bound}, limit)
        sent_at, message_id = after
        moment = to_microseconds(sent_at)
        same = {**condition, "sent_at_us": moment, "message_id": {"$lt": message_id}}
        found = await self._sorted(same, limit)
        earlier = {**condition, "sent_at_us": {"$lt": moment}}
        return [*found, *await self._sorted(earlier, limit - len(found))]

    async def _sorted(self, condition: dict[str, Any], limit: int) -> list[ConversationDocument]:
        if limit < 1:  # MongoDB takes 0 as no limit
            return []
        cursor = self._collection.find(condition)
        cursor = cursor.sort([("sent_at_us", DESCENDING), ("message_id", DESCENDING)])
        return [record_of(document) async for document in cursor.limit(limit)]

    @asynccontextmanager
    async def _answering(self, attempted: str) -> AsyncIterator[None]:
        with mongo_errors(attempted):
            try:
                # Not the driver's timeoutMS: a call would wait all of it for a dead server.
                async with asyncio.timeout(self._timeout_seconds):
                    yield
            except TimeoutError:
                raise TimeoutError(f"no answer within {self._timeout_seconds} s") from None


def _of_messages(message_ids: Sequence[str], materializations: Sequence[int]) -> dict[str, Any]:
    """By `_id` while there are few candidates: NX-27017 scans the collection for `$in` on any
    other field, whatever its indexes."""
    if len(message_ids) * len(materializations) <= MAX_CANDIDATE_IDS:
        candidates = [
            document_id(materialization, message_id)
            for materialization in materializations
            for message_id in message_ids
        ]
        return {"_id": {"$in": candidates}}
    return {"message_id": {"$in": list(message_ids)}, **of_materializations(materializations)}

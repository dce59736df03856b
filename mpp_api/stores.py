"""One reader a store, opened with the app and shared by every request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mpp_api.settings import ApiSettings
from mpp_stores.breaker import Breakers
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.postgres.reader import TableReader
from mpp_stores.redis.cache import ReplyCache


@dataclass(frozen=True, slots=True)
class Stores:
    """The readers connect on first use: the app starts, and recovers, whatever is down."""

    vectors: VectorReader
    graph: GraphReader
    tables: TableReader
    documents: DocumentReader
    feedback: FeedbackStore
    cache: ReplyCache


@asynccontextmanager
async def open_stores(settings: ApiSettings, breakers: Breakers) -> AsyncIterator[Stores]:
    stores = Stores(
        vectors=VectorReader(settings),
        graph=GraphReader(settings),
        tables=TableReader(settings),
        documents=DocumentReader(settings),
        feedback=FeedbackStore(settings),
        cache=ReplyCache(settings, breakers, timeout_seconds=settings.api_cache_timeout_seconds),
    )
    try:
        yield stores
    finally:
        await asyncio.gather(
            stores.vectors.close(),
            stores.graph.close(),
            stores.tables.close(),
            stores.documents.close(),
            stores.feedback.close(),
            stores.cache.close(),
            return_exceptions=True,
        )

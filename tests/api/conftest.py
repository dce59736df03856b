"""The real app over the real engines, on a data set of its own.

Postgres and MongoDB get a database of the run's own, so that its release is the
current one and its campaigns are all there are. Milvus, Neo4j and Redis are
shared: what was written there is removed by id.
"""

import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import neo4j
import pytest
from psycopg.sql import SQL, Identifier
from pymilvus import MilvusClient
from pymongo import MongoClient
from redis import Redis

from mpp_api.main import create_app
from mpp_api.settings import ApiSettings
from mpp_stores.milvus.collections import MESSAGES, USER_PROFILES
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.releases import publish, releases
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import open_target
from tests.api.addresses import postgres_at
from tests.api.dataset import Dataset

VISIBLE_WITHIN_SECONDS = 30


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset(prefix=f"apitest-{uuid.uuid4().hex[:8]}-")


@contextmanager
def own_database(settings: ApiSettings) -> Iterator[ApiSettings]:
    name = f"apitest_{uuid.uuid4().hex}"
    with connect(settings) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield postgres_at(settings, dbname=name)
    finally:
        with connect(settings) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def empty_settings(settings: StoreSettings) -> Iterator[ApiSettings]:
    """A stack before its first ingest, as far as Postgres and MongoDB tell.

    As few neighbours as every outdoors user has within the data set (three users, ten
    messages), so that other data in the shared stores stays out of the replies.
    """
    shared = ApiSettings(
        **settings.model_dump() | {"mongo_database": f"apitest_{uuid.uuid4().hex}"},
        api_similar_users=3,
        api_nearest_messages=10,
    )
    with own_database(shared) as own:
        yield own


@pytest.fixture(scope="session")
def api_settings(empty_settings: ApiSettings, dataset: Dataset) -> Iterator[ApiSettings]:
    """A stack that holds the data set and has published it."""
    with own_database(empty_settings) as own:
        try:
            for name, batch in dataset.batches().items():
                with open_target(name, own) as target:
                    target.prepare()
                    target.write(batch, stamp=dataset.prefix)
            _wait_until_searchable(own, dataset)
            _publish(own, dataset)
            yield own
        finally:
            _remove(own, dataset)


@pytest.fixture
def new_release(api_settings: ApiSettings, dataset: Dataset) -> Release:
    """One more release of the same data: nothing is cached for it yet."""
    return _publish(api_settings, dataset)


@asynccontextmanager
async def serving(settings: ApiSettings) -> AsyncIterator[httpx.AsyncClient]:
    """The app as a server runs it, start and stop included."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api", timeout=30
        ) as client,
    ):
        yield client


@pytest.fixture
async def client(
    api_settings: ApiSettings, new_release: Release
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(api_settings) as client:
        yield client


def _publish(settings: ApiSettings, dataset: Dataset) -> Release:
    return publish(
        settings,
        dagster_run_id=uuid.uuid4().hex,
        data_through=dataset.days[-1],
        row_counts={"milvus/messages": len(dataset.messages)},
        quality={},
    )


def _wait_until_searchable(settings: ApiSettings, dataset: Dataset) -> None:
    """Milvus serves searches a little behind its writes."""
    give_up = time.monotonic() + VISIBLE_WITHIN_SECONDS
    client = _milvus(settings)
    try:
        for collection, ids in _milvus_ids(dataset).items():
            while len(client.get(collection, ids, consistency_level="Bounded")) < len(ids):
                assert time.monotonic() < give_up, f"{collection} still lacks rows"
                time.sleep(0.1)
    finally:
        client.close()


def _remove(settings: ApiSettings, dataset: Dataset) -> None:
    client = _milvus(settings)
    for collection, ids in _milvus_ids(dataset).items():
        client.delete(collection, ids=ids)
    client.close()
    with neo4j.GraphDatabase.driver(
        settings.neo4j_uri,
        auth=(settings.neo4j_user, settings.neo4j_password.get_secret_value()),
    ) as driver:
        for label, column in [
            ("Message", "message_id"),
            ("User", "user_id"),
            ("Campaign", "campaign_id"),
        ]:
            driver.execute_query(
                f"MATCH (node:{label}) WHERE node.{column} IN $ids DETACH DELETE node",
                ids=sorted({message[column] for message in dataset.messages}),
                database_=settings.neo4j_database,
            )
    with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        for release in releases(settings, limit=1_000):
            for key in redis.scan_iter(f"mpp:*:{release.release_id}:*"):
                redis.delete(key)
    with MongoClient(settings.mongo_uri.get_secret_value()) as mongo:
        mongo.drop_database(settings.mongo_database)


def _milvus(settings: ApiSettings) -> MilvusClient:
    return MilvusClient(
        settings.milvus_uri, token=settings.milvus_token.get_secret_value(), dedicated=True
    )


def _milvus_ids(dataset: Dataset) -> dict[str, list[str]]:
    return {
        MESSAGES: [message["message_id"] for message in dataset.messages],
        USER_PROFILES: [profile["user_id"] for profile in dataset.profiles()],
    }

"""The real app over the real engines, on a data set of its own.

Postgres and MongoDB get a database of the run's own, so that its release is the
current one. Milvus, Neo4j and Redis are shared: what was written there is
dropped again.
"""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient
from redis import Redis

from mpp_api.main import create_app
from mpp_api.security.access import KEY_HEADER
from mpp_api.settings import ApiSettings
from mpp_stores import api_keys
from mpp_stores.api_keys import Role
from mpp_stores.postgres.releases import releases
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.api.addresses import free_port, postgres_also_at, postgres_at
from tests.api.dataset import Dataset
from tests.api.keys import KEYS, RECORDS
from tests.api.publishing import materialize, publish_what_is_complete
from tests.databases import own_database
from tests.materialized import drop_everything, start_numbers_far_away

AT_ONCE = 1e-6
"""A recheck interval that is over before the next request."""


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return Dataset(prefix=f"apitest-{uuid.uuid4().hex[:8]}-")


@contextmanager
def published(settings: ApiSettings, dataset: Dataset) -> Iterator[ApiSettings]:
    """A stack that holds the data set and has published it, for as long as the block."""
    with own_database(settings) as own:
        start_numbers_far_away(own)
        try:
            materialize(own, dataset)
            publish_what_is_complete(own, dataset)
            yield own
        finally:
            drop_everything(own)
            _forget_replies(own)


@pytest.fixture(scope="session")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / api_keys.FILE_NAME
    api_keys.add(path, *RECORDS)
    return path


@pytest.fixture(scope="session")
def empty_settings(settings: StoreSettings, keys_file: Path) -> Iterator[ApiSettings]:
    """A stack before its first ingest, as far as Postgres and MongoDB tell."""
    own = ApiSettings(
        **settings.model_dump() | {"mongo_database": f"apitest_{uuid.uuid4().hex}"},
        api_preload_model=False,
        # A busy machine makes no reply of these tests degraded or computed anew.
        api_deadline_ms=30_000,
        api_leg_timeout_seconds=10,
        api_cache_timeout_seconds=10,
        api_keys_file=keys_file,
    )
    with own_database(own) as own:
        yield own
    with MongoClient(own.mongo_uri.get_secret_value()) as mongo:
        mongo.drop_database(own.mongo_database)


@pytest.fixture(scope="session")
def api_settings(empty_settings: ApiSettings, dataset: Dataset) -> Iterator[ApiSettings]:
    """The data set, published. For tests that write no other rows and erase nobody."""
    with published(empty_settings, dataset) as own:
        yield own


@pytest.fixture
def own_dataset() -> Dataset:
    return Dataset(prefix=f"apitest-{uuid.uuid4().hex[:8]}-")


@pytest.fixture
def own_settings(empty_settings: ApiSettings, own_dataset: Dataset) -> Iterator[ApiSettings]:
    """The test's own data set, published; what Postgres says is seen at the next request."""
    with published(empty_settings, own_dataset) as own:
        yield own.model_copy(update={"api_release_recheck_seconds": AT_ONCE})


@pytest.fixture
def new_release(api_settings: ApiSettings, dataset: Dataset) -> Release:
    """One more release of the same data: nothing is cached for it yet."""
    return publish_what_is_complete(api_settings, dataset)


@asynccontextmanager
async def serving(
    settings: ApiSettings,
    overrides: dict[Callable[..., Any], Callable[..., Any]] | None = None,
    *,
    role: Role = Role.ADMIN,
) -> AsyncIterator[httpx.AsyncClient]:
    """The app as a server runs it, start and stop included. `overrides` are of dependencies;
    the client sends a key of `role`."""
    app = create_app(settings)
    app.dependency_overrides.update(overrides or {})
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://api",
            timeout=30,
            headers={KEY_HEADER: KEYS[role]},
        ) as client,
    ):
        yield client


@asynccontextmanager
async def losing_postgres(settings: ApiSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A service whose Postgres is lost after it told which release is published."""
    port = free_port()
    elsewhere = postgres_at(settings, host="127.0.0.1", port=port).model_copy(
        update={"api_release_recheck_seconds": AT_ONCE}
    )
    async with serving(elsewhere) as client:
        async with postgres_also_at(port, settings):
            await client.get("/health")
        yield client


@pytest.fixture
async def client(
    api_settings: ApiSettings, new_release: Release
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(api_settings) as client:
        yield client


def _forget_replies(settings: ApiSettings) -> None:
    with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        for release in releases(settings, limit=1_000):
            for key in redis.scan_iter(f"mpp:*:{release.release_id}:*"):
                redis.delete(key)

"""A schema of the test's own in the stack's Postgres."""

import uuid
from collections.abc import Iterator

import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.registry import Registry


@pytest.fixture
def schema_name(settings: StoreSettings) -> Iterator[str]:
    """The name of a schema that does not exist yet; dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield name
    with connect(settings) as connection:
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))


@pytest.fixture
def registry(settings: StoreSettings, schema_name: str) -> Registry:
    return Registry(settings, schema_name)


@pytest.fixture
def dead_settings(settings: StoreSettings) -> StoreSettings:
    """Settings whose Postgres address nobody listens on."""
    return settings.model_copy(update={"postgres_url": SecretStr("postgresql://127.0.0.1:1/mpp")})

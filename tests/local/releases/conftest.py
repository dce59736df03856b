"""A database of these tests' own on the Postgres that the suite uses."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from mpp_stores.settings import StoreSettings


@pytest.fixture
def empty_platform(settings: StoreSettings, tmp_path: Path) -> Iterator[StoreSettings]:
    """A platform that nothing was published on, with a home of its own."""
    url = urlsplit(settings.postgres_url.get_secret_value())
    name = f"mpp_test_{uuid4().hex[:12]}"
    with psycopg.connect(url.geturl(), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            own_url = SecretStr(url._replace(path=f"/{name}").geturl())
            yield settings.model_copy(update={"postgres_url": own_url, "home": tmp_path})
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

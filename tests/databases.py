"""Databases on the Postgres that the suite uses."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings

Settings = TypeVar("Settings", bound=StoreSettings)


@contextmanager
def own_database(settings: Settings) -> Iterator[Settings]:
    """The settings with a database of the test's own, which no pipeline has written to."""
    name = f"mpp_test_{uuid.uuid4().hex[:12]}"
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    own_url = SecretStr(make_conninfo("", **{**url, "dbname": name}))
    with connect(settings) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield settings.model_copy(update={"postgres_url": own_url})
    finally:
        with connect(settings) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

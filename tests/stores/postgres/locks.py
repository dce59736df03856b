"""Tables that somebody else uses, and rows that somebody else can see."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings

READ: LiteralString = "ACCESS SHARE"
WRITTEN: LiteralString = "ROW EXCLUSIVE"
REWRITTEN: LiteralString = "ACCESS EXCLUSIVE"


@contextmanager
def in_use(
    settings: StoreSettings, schema_name: str, *names: str, mode: LiteralString
) -> Iterator[StoreSettings]:
    """The tables are locked for the block. Yields settings that give up a statement after 30 s,
    as nobody should have to."""
    tables = SQL(", ").join(Identifier(schema_name, name) for name in names)
    with connect(settings) as connection, connection.transaction():
        connection.execute(SQL("LOCK TABLE {} IN " + mode + " MODE").format(tables))
        yield giving_up(settings)


@contextmanager
def seen_as_it_is(settings: StoreSettings) -> Iterator[None]:
    """Somebody else's transaction sees for the block what the whole database holds now."""
    with connect(settings) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            connection.execute("SELECT")
            yield


def giving_up(settings: StoreSettings) -> StoreSettings:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    url["options"] = f"{url.get('options', '')} -c statement_timeout=30s"
    return settings.model_copy(update={"postgres_url": SecretStr(make_conninfo("", **url))})

"""Tables that somebody else uses, rows that somebody else can see, and waiting for a lock."""

import time
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

WITHIN_SECONDS = 60
# Whose last statement tried to take it, in vain.
_WAITING = """
SELECT count(*), count(backend_xmin) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle' AND query LIKE '%pg_try_advisory_lock%'
      AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')
"""


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


def until_one_waits(settings: StoreSettings) -> None:
    """For the pipeline's lock."""
    give_up = time.monotonic() + WITHIN_SECONDS
    with connect(settings) as connection:
        while connection.execute(_WAITING).fetchone() != (1, 0):
            assert time.monotonic() < give_up, "nobody waits for the lock"
            time.sleep(0.02)

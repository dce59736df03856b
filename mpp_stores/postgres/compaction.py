"""Giving back the space of dropped rows, and with it the bytes that were in them."""

from collections.abc import Sequence
from typing import Final

from psycopg.sql import SQL, Identifier

from mpp_stores.postgres import feedback, tables
from mpp_stores.postgres.connection import LOCK_TIMEOUT, connect, postgres_errors
from mpp_stores.settings import StoreSettings

_REWRITE: Final = SQL("VACUUM (FULL, ANALYZE) {table}")
# A type set anew, though the same, discards the planner's samples: ANALYZE replaces those of
# a column, but keeps them where the table is empty.
_FORGET_SAMPLES: Final = SQL("ALTER TABLE {table} ALTER COLUMN user_id TYPE text")
_OF_USERS = (tables.USER_ENGAGEMENT.name, *feedback.TABLES)


def compact(
    settings: StoreSettings,
    names: Sequence[str] = _OF_USERS,
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> bool:
    """Rewrite tables with a `user_id`, without their dropped rows. Always True: every Postgres
    can.

    Nobody reads a table while it is rewritten, which takes as long as there are rows: of
    `exposures`, one for each campaign of each reply. Raises `StoreUnavailable` where one is in
    use for longer than `LOCK_TIMEOUT`. The planner's samples of ids are taken anew. The
    server's write-ahead log keeps former pages until it recycles its files.
    """
    with postgres_errors("compact the tables"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        connection.execute(SQL("SET ") + LOCK_TIMEOUT)
        for name in names:
            table = Identifier(schema_name, name)
            connection.execute(_FORGET_SAMPLES.format(table=table))
            connection.execute(_REWRITE.format(table=table))
    return True

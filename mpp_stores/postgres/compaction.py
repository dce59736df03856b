"""Giving back the space of dropped rows, and with it the bytes that were in them."""

from typing import Final

from psycopg.sql import SQL, Identifier

from mpp_stores.postgres import feedback, tables
from mpp_stores.postgres.connection import connect, postgres_errors
from mpp_stores.settings import StoreSettings

_REWRITE: Final = SQL("VACUUM (FULL, ANALYZE) {table}")
# A type set anew, though the same, discards the planner's samples: ANALYZE replaces those of
# a column, but keeps them where the table is empty.
_FORGET_SAMPLES: Final = SQL("ALTER TABLE {table} ALTER COLUMN user_id TYPE text")
_NAMING_USERS = (tables.USER_ENGAGEMENT.name, "erasures", *feedback.TABLES)


def compact(settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> bool:
    """Rewrite the tables that name users, without their dropped rows. Always True: every
    Postgres can.

    Readers wait while a table is rewritten: it holds a row a user or engagement. The
    planner's samples of ids are taken anew. The server's write-ahead log keeps former
    pages until it recycles its files.
    """
    with postgres_errors("compact the tables"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        for name in _NAMING_USERS:
            table = Identifier(schema_name, name)
            connection.execute(_FORGET_SAMPLES.format(table=table))
            connection.execute(_REWRITE.format(table=table))
    return True

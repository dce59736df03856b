"""Giving back the space of dropped rows, and with it the bytes that were in them."""

from typing import Final

from psycopg.sql import SQL, Identifier

from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connect, postgres_errors
from mpp_stores.settings import StoreSettings

_REWRITE: Final = SQL("VACUUM (FULL, ANALYZE) {table}")
_REWRITTEN = (*(table.name for table in tables.DATA_TABLES), "erasures")


def compact(settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> bool:
    """Rewrite the tables that name users, without their dropped rows. Always True: every
    Postgres can.

    Readers wait while a table is rewritten: it holds a row a user or engagement. The
    server's write-ahead log keeps former pages until it recycles its files, and the
    planner's statistics keep sampled ids until the next ANALYZE, which is done here.
    """
    with postgres_errors("compact the tables"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        for name in _REWRITTEN:
            connection.execute(_REWRITE.format(table=Identifier(schema_name, name)))
    return True

"""Giving back the space of dropped rows, and with it the bytes that were in them."""

import re
from collections.abc import Sequence
from time import sleep
from typing import Final

import psycopg
from psycopg.errors import Diagnostic
from psycopg.sql import SQL, Identifier

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres import feedback, tables
from mpp_stores.postgres.connection import LOCK_TIMEOUT, STORE, connect, postgres_errors
from mpp_stores.settings import StoreSettings

_REWRITE: Final = SQL("VACUUM (FULL, ANALYZE, VERBOSE) {table}")
# A type set anew, though the same, discards the planner's samples: ANALYZE replaces those of
# a column, but keeps them where the table is empty. A table of an earlier version gets the order
# of its ids by it.
_FORGET_SAMPLES: Final = SQL('ALTER TABLE {table} ALTER COLUMN user_id TYPE text COLLATE "C"')
_OF_USERS = (tables.USER_ENGAGEMENT.name, *feedback.TABLES)
_ATTEMPTED = "compact the tables"

REWRITE_AGAIN_SECONDS = 3.0
"""More than the 2 s that a statement of the API may take: what is open then is somebody else's."""


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
    use for longer than `LOCK_TIMEOUT`, and where a transaction that can still see dropped rows
    stays open: they are rewritten too. The planner's samples of ids are taken anew. The server's
    write-ahead log keeps former pages until it recycles its files.
    """
    with postgres_errors(_ATTEMPTED), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        connection.execute(SQL("SET ") + LOCK_TIMEOUT)
        for name in names:
            table = Identifier(schema_name, name)
            connection.execute(_FORGET_SAMPLES.format(table=table))
            if _rewrite(connection, table):
                sleep(REWRITE_AGAIN_SECONDS)
                if kept := _rewrite(connection, table):
                    raise StoreUnavailable(
                        STORE,
                        _ATTEMPTED,
                        f"{kept} dropped rows of {name} are kept for a transaction that is open",
                    )
    return True


def _rewrite(connection: psycopg.Connection, table: Identifier) -> int:
    """Returns how many dropped rows the server kept."""
    details: list[str] = []

    def note(notice: Diagnostic) -> None:
        if notice.message_detail:
            details.append(notice.message_detail)

    connection.add_notice_handler(note)
    connection.execute(_REWRITE.format(table=table))
    connection.remove_notice_handler(note)
    # "22 dead row versions cannot be removed yet. CPU: …", in the server's language.
    number = re.search(r"\d+", "".join(details))
    if number is None:
        name = table.as_string()
        raise StoreRejected(STORE, _ATTEMPTED, f"the server does not say that it rewrote {name}")
    return int(number[0])

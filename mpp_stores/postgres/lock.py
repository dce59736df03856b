"""The lock that lets one run at a time change the lake and the stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Final

import psycopg
from psycopg.sql import SQL

from mpp_stores.errors import StoreRejected
from mpp_stores.postgres.connection import STORE, connect, postgres_errors
from mpp_stores.settings import StoreSettings

# Else the server would keep the lock of a machine that is gone for two hours.
_ASK_WHETHER_WE_LIVE: Final = SQL(
    "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 3"
)
_TRY: Final = SQL("SELECT pg_try_advisory_lock(hashtext('mpp.pipeline'))")
_UNLOCK: Final = SQL("SELECT pg_advisory_unlock(hashtext('mpp.pipeline'))")

_TRY_AGAIN_SECONDS = 0.5


@contextmanager
def pipeline_lock(settings: StoreSettings) -> Iterator[bool]:
    """Hold the lock for the block, waiting for it as long as it takes. Yields whether it was
    free at once.

    Orchestrators queue runs by themselves; this also covers two of them on the same stores,
    and a run started by hand. The lock is the connection's: it ends with the process, and with
    the connection. Raises `StoreError` after a block during which that happened.
    """
    with connect(settings) as connection:
        with postgres_errors("lock the pipeline"):
            connection.execute(_ASK_WHETHER_WE_LIVE)
            free = is_ours = _try(connection)
            # Who waits within pg_advisory_lock has a snapshot: a table that is rewritten meanwhile
            # keeps dropped rows for it.
            while not is_ours:
                sleep(_TRY_AGAIN_SECONDS)
                is_ours = _try(connection)
        yield free
        attempted = "hold the pipeline's lock to the end"
        with postgres_errors(attempted):
            if connection.execute(_UNLOCK).fetchone() != (True,):
                raise StoreRejected(STORE, attempted, "the session no longer has it")


def _try(connection: psycopg.Connection) -> bool:
    return connection.execute(_TRY).fetchone() == (True,)

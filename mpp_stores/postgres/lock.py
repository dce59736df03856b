"""The lock that lets one run at a time change the lake and the stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from psycopg.sql import SQL

from mpp_stores.postgres.connection import connect, postgres_errors
from mpp_stores.settings import StoreSettings

_TRY: Final = SQL("SELECT pg_try_advisory_lock(hashtext('mpp.pipeline'))")
_WAIT: Final = SQL("SELECT pg_advisory_lock(hashtext('mpp.pipeline'))")


@contextmanager
def pipeline_lock(settings: StoreSettings) -> Iterator[bool]:
    """Hold the lock for the block, waiting for it as long as it takes. Yields whether it was
    free at once.

    Orchestrators queue runs by themselves; this also covers two of them on the same stores,
    and a run started by hand. The lock is the connection's: it ends with the process.
    """
    with connect(settings) as connection:
        with postgres_errors("lock the pipeline"):
            free = connection.execute(_TRY).fetchone() == (True,)
            if not free:
                connection.execute(_WAIT)
        yield free

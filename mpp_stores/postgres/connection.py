"""Opening Postgres, and the one rule for which of its errors are worth a retry."""

from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg
from psycopg import conninfo
from psycopg.sql import SQL

from mpp_stores.errors import StoreRejected, translated
from mpp_stores.settings import StoreSettings

STORE = "postgres"
CONNECT_TIMEOUT_SECONDS = 5

# What the URL does not say. A server that is gone is noticed within two minutes, while a
# statement is waited for too.
_DEFAULTS: Final = {
    "application_name": "mpp",
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 60,
    "keepalives_interval": 15,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# Failures while connecting carry no SQLSTATE, only the server's English sentence.
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
)
_AUTHORIZATION_SQLSTATE_CLASS = "28"

LOCK_TIMEOUT: Final = SQL("lock_timeout = '1500ms'")
"""How long what changes or rewrites a table waits for it. Whoever comes later waits behind it, so
this is less than the 2 s that a statement of the API may take. It is more than the 1 s
(`deadlock_timeout`) after which an autovacuum makes way."""

NOTHING_WRITTEN_YET = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
"""What a query meets in a database that no pipeline has prepared."""


def is_retryable(error: Exception) -> bool:
    """True for lost connections, timeouts, exhausted resources and lost write conflicts.

    psycopg files almost all of those under OperationalError, and wrong credentials too:
    these are singled out. Data, integrity and programming errors are other classes.
    """
    # A write reached a standby: the server it was sent to has just handed over.
    if isinstance(error, TimeoutError | psycopg.errors.ReadOnlySqlTransaction):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.sqlstate is not None:
        return not error.sqlstate.startswith(_AUTHORIZATION_SQLSTATE_CLASS)
    return not any(refusal in str(error) for refusal in _REFUSALS)


def without_rows(error: Exception) -> str | None:
    """Of an error that may quote a row: its first sentence, but of a data error, where that does
    so itself, the kind."""
    if not isinstance(error, psycopg.Error) or error.sqlstate is None:
        return None
    if isinstance(error, psycopg.DataError):
        return f"{type(error).__name__} {error.sqlstate}"
    if error.diag.message_detail or error.diag.context:
        return error.diag.message_primary
    return None


def postgres_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable, without_rows)


def connection_parameters(settings: StoreSettings, *session_options: str) -> dict[str, Any]:
    """libpq parameters of `MPP_POSTGRES_URL`, with sessions in UTC.

    `session_options` are further server settings, such as `statement_timeout=2000`.
    """
    try:
        parameters = conninfo.conninfo_to_dict(settings.postgres_url.get_secret_value())
    except psycopg.ProgrammingError:
        # The driver's message quotes the URL, password included.
        raise StoreRejected(
            STORE, "read MPP_POSTGRES_URL", "not a Postgres connection URL"
        ) from None
    own_options = [f"-c {option}" for option in ("TimeZone=UTC", *session_options)]
    return {
        **_DEFAULTS,
        **parameters,
        "options": " ".join([str(parameters.get("options", "")), *own_options]).strip(),
    }


def connect(settings: StoreSettings) -> psycopg.Connection:
    """A synchronous connection in autocommit mode; callers open their transactions."""
    with postgres_errors("connect"):
        return psycopg.connect(**connection_parameters(settings), autocommit=True)

"""Opening Postgres, and the one rule for which of its errors are worth a retry."""

from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import conninfo

from mpp_stores.errors import StoreRejected, translated
from mpp_stores.settings import StoreSettings

STORE = "postgres"
CONNECT_TIMEOUT_SECONDS = 5

# Failures while connecting carry no SQLSTATE, only the server's English sentence.
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
)
_AUTHORIZATION_SQLSTATE_CLASS = "28"

NOTHING_WRITTEN_YET = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
"""What a query meets in a database that no pipeline has prepared."""


def is_retryable(error: Exception) -> bool:
    """True for lost connections, timeouts, exhausted resources and lost write conflicts.

    psycopg files all of those under OperationalError, and wrong credentials too:
    these are singled out. Data, integrity and programming errors are other classes.
    """
    if isinstance(error, TimeoutError):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    if error.sqlstate is not None:
        return not error.sqlstate.startswith(_AUTHORIZATION_SQLSTATE_CLASS)
    return not any(refusal in str(error) for refusal in _REFUSALS)


def postgres_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable)


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
    defaults = {"application_name": "mpp", "connect_timeout": CONNECT_TIMEOUT_SECONDS}
    return {
        **defaults,
        **parameters,
        "options": " ".join([str(parameters.get("options", "")), *own_options]).strip(),
    }


def connect(settings: StoreSettings) -> psycopg.Connection:
    """A synchronous connection in autocommit mode; callers open their transactions."""
    with postgres_errors("connect"):
        return psycopg.connect(**connection_parameters(settings), autocommit=True)

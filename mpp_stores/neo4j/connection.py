"""Opening Neo4j, and the one rule for which of its errors are worth a retry."""

from contextlib import AbstractContextManager
from typing import Any

import neo4j
from neo4j.exceptions import (
    ConnectionAcquisitionTimeoutError,
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
)

from mpp_stores.errors import translated
from mpp_stores.neo4j.queries import PING
from mpp_stores.settings import StoreSettings

STORE = "neo4j"
CONNECT_TIMEOUT_SECONDS = 5.0
LIVENESS_CHECK_AFTER_SECONDS = 30.0
"""A pooled connection that was idle for longer is tested before it is used."""

_ENTITY_NOT_FOUND = "Neo.ClientError.Statement.EntityNotFound"
_TRANSACTION_TIMED_OUT = "Neo.ClientError.Transaction.TransactionTimedOut"


def lost_race(error: Exception) -> bool:
    """True where another writer created or deleted the same node during our transaction.

    Our statements MERGE on every constrained id, so a violated constraint never
    means wrong input: Neo4j's locks prevent it, ArcadeDB finds it at commit.
    The driver's managed transactions retry deadlocks and write conflicts, but not these.
    """
    return isinstance(error, ConstraintError) or (
        isinstance(error, Neo4jError) and error.code == _ENTITY_NOT_FOUND
    )


def is_retryable(error: Exception) -> bool:
    """True for what the driver calls retryable, a lost race, a timeout, ours or the server's, and
    a connection lost during a commit: whatever came of it, each of our statements can be repeated.

    Syntax, credentials, a missing database and a wrong configuration are not.
    """
    if isinstance(error, TimeoutError | ConnectionAcquisitionTimeoutError | IncompleteCommit):
        return True
    if lost_race(error):
        return True
    if isinstance(error, Neo4jError) and (error.code or "").startswith(_TRANSACTION_TIMED_OUT):
        return True
    return isinstance(error, (Neo4jError, DriverError)) and error.is_retryable()


def without_values(error: Exception) -> str | None:
    """Of a violated constraint, which is reported with the value that violates it: its code."""
    return error.code if isinstance(error, ConstraintError) else None


def neo4j_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable, without_values)


def driver_arguments(settings: StoreSettings, connect_timeout_seconds: float) -> dict[str, Any]:
    """What the synchronous and the asynchronous driver are both opened with."""
    return {
        "uri": settings.neo4j_uri,
        "auth": (settings.neo4j_user, settings.neo4j_password.get_secret_value()),
        "user_agent": "mpp",
        "connection_timeout": connect_timeout_seconds,
        "connection_acquisition_timeout": connect_timeout_seconds,
        "liveness_check_timeout": LIVENESS_CHECK_AFTER_SECONDS,
        "telemetry_disabled": True,
    }


def connect(settings: StoreSettings) -> neo4j.Driver:
    """A synchronous driver, once the server has accepted the credentials and has the database."""
    with neo4j_errors("connect"):
        driver = neo4j.GraphDatabase.driver(**driver_arguments(settings, CONNECT_TIMEOUT_SECONDS))
        try:
            with driver.session(database=settings.neo4j_database) as session:
                session.run(PING).consume()
        except Exception:
            driver.close()
            raise
        return driver

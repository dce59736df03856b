from traceback import format_exception

import pytest
from neo4j.exceptions import (
    ConfigurationError,
    ConnectionAcquisitionTimeoutError,
    CypherSyntaxError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    TransientError,
)

from mpp_stores.errors import StoreUnavailable
from mpp_stores.neo4j.connection import is_retryable, neo4j_errors

VIOLATED = "Neo.ClientError.Schema.ConstraintValidationFailed"


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnavailable("connection refused"),
        IncompleteCommit("connection lost during a commit"),
        ConnectionAcquisitionTimeoutError("failed to obtain a connection within 5.0s"),
        TransientError(),
        TimeoutError(),
    ],
)
def test_lost_connections_timeouts_and_conflicts_are_worth_a_retry(error: Exception) -> None:
    assert is_retryable(error)


@pytest.mark.parametrize("error", [CypherSyntaxError(), ConfigurationError("no such scheme")])
def test_wrong_statements_and_settings_are_not_worth_a_retry(error: Exception) -> None:
    assert not is_retryable(error)


def test_the_value_that_violates_a_constraint_is_not_quoted() -> None:
    """In Neo4j's words; ArcadeDB names no value. Orchestrators keep what they are told."""
    message = "Node(7) already exists with label `User` and property `user_id` = 'ada-lovelace'"
    with pytest.raises(StoreUnavailable, match=VIOLATED) as failed, neo4j_errors("write"):
        raise Neo4jError._hydrate_neo4j(code=VIOLATED, message=message)
    assert "ada-lovelace" not in "".join(format_exception(failed.value))

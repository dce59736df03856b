import io
import json
import logging
from collections.abc import Iterator

import psycopg
import pytest

from mpp_api.observability.logs import LogFormat, logging_configuration
from mpp_api.observability.request_context import request_id
from mpp_api.settings import ApiSettings
from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres.connection import connect
from tests.api.logged import logging_as

OWN_ID = "0f8fad5bd9cb469fa16570867728950e"
PERSON = "ada-lovelace-1815"
logger = logging.getLogger("mpp_api.tests")


@pytest.fixture(params=list(LogFormat))
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    with logging_as(request.param) as output:
        yield output


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with logging_as(LogFormat.JSON) as output:
        yield output


def refusal(settings: ApiSettings) -> psycopg.Error:
    """A real one that quotes what was asked about."""
    with connect(settings) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute("SELECT %s::bigint", [PERSON])
    assert PERSON in str(caught.value)
    return caught.value


def test_each_line_is_an_object_with_the_requests_id(lines: io.StringIO) -> None:
    token = request_id.set(OWN_ID)
    logger.warning("%s leg is missing", "graph", extra={"audit": {"action": "read"}})
    request_id.reset(token)
    logger.info("started")
    first, second = map(json.loads, lines.getvalue().splitlines())
    assert first["message"] == "graph leg is missing"
    assert first["level"] == "WARNING"
    assert first["logger"] == "mpp_api.tests"
    assert first["request_id"] == OWN_ID
    assert first["audit"] == {"action": "read"}
    assert first["time"][:2] == "20"
    assert second["request_id"] == ""


def test_a_terminals_colours_are_left_out(lines: io.StringIO) -> None:
    logger.info("started", extra={"color_message": "\x1b[36mstarted\x1b[0m"})
    assert "x1b" not in lines.getvalue()
    assert "u001b" not in lines.getvalue()


def test_text_is_for_people() -> None:
    with logging_as(LogFormat.TEXT) as output:
        token = request_id.set(OWN_ID)
        logger.warning("graph leg is missing")
        request_id.reset(token)
        logger.info("started")
    first, second = output.getvalue().splitlines()
    assert first.endswith(f"WARNING mpp_api.tests: graph leg is missing [{OWN_ID}]")
    assert second.endswith("INFO    mpp_api.tests: started")


def test_a_refusal_is_logged_without_what_the_driver_quotes(
    logged: io.StringIO, empty_settings: ApiSettings
) -> None:
    error = StoreRejected("postgres", "read a user", refusal(empty_settings))
    logger.warning("%s leg is missing: %s", "table", error)
    assert PERSON not in logged.getvalue()
    assert "postgres: could not read a user: InvalidTextRepresentation 22P02" in logged.getvalue()


def test_a_traceback_says_where_and_what_kind_and_not_the_words(
    logged: io.StringIO, empty_settings: ApiSettings
) -> None:
    try:
        try:
            raise refusal(empty_settings)
        except psycopg.Error as error:
            raise KeyError(PERSON) from error
    except KeyError:
        logger.exception("a defect")
    shown = logged.getvalue()
    assert PERSON not in shown
    assert "KeyError" in shown
    assert "InvalidTextRepresentation" in shown
    assert "test_logs.py" in shown


def test_an_exception_among_the_arguments_is_named_only(logged: io.StringIO) -> None:
    logger.warning("lost: %s", LookupError(PERSON))
    assert PERSON not in logged.getvalue()
    assert "lost: LookupError" in logged.getvalue()


def test_what_connections_say_is_kept(logged: io.StringIO) -> None:
    error = StoreUnavailable("redis", "ping", ConnectionRefusedError(111, "Connection refused"))
    logger.warning("%s", error)
    assert "redis: could not ping" in logged.getvalue()
    assert "Connection refused" in logged.getvalue()


def test_the_servers_own_records_are_formatted_alike() -> None:
    configuration = logging_configuration(LogFormat.JSON)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        assert configuration["loggers"][name] == {
            "level": "INFO",
            "handlers": [],
            "propagate": True,
        }

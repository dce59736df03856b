"""Nobody is named by a log line or by a metric, whatever a request is about and whatever fails.

The service logs as it does when it is served; each store in turn is really unreachable.
"""

import asyncio
import io
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mpp_api.dependencies import get_embedder
from mpp_api.observability.logs import LogFormat
from mpp_api.settings import ApiSettings
from mpp_stores.postgres.connection import connect
from tests.api.addresses import free_port, postgres_also_at, postgres_at, without
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts
from tests.api.logged import logging_as
from tests.databases import own_database

PERSON = "zq-personal-7391"
"""Stands in every id and every text that is sent."""

PATHS = [
    "/recommendations/{}",
    "/users/{}/profile",
    "/users/{}/engagement",
    "/users/{}/timeline",
    "/users/{}/similar",
    "/users/{}/dismissals",
    "/campaigns/{}",
    "/campaigns/{}/performance",
    "/campaigns/{}/audience",
    "/campaigns/{}/similar",
    "/campaigns/{}/feedback",
    "/messages/{}/provenance",
    "/releases/{}",
    "/erasures/{}",
    "/users?prefix={}",
    "/campaigns?tag={}",
    "/campaigns?status={}",
    "/messages/search?q={0}&user_id={0}",
    "/nowhere/{}",
]
FEEDBACK = {"request_id": "0f8fad5bd9cb469f", "user_id": PERSON, "kind": "dismiss"}
EVENT = {"user_id": PERSON, "message": PERSON, "timestamp": "2026-06-01T09:00:00Z"}
BODIES: list[tuple[str, Any]] = [
    ("/recommendations", {"user_id": PERSON, "text": PERSON, "messages": [PERSON]}),
    ("/recommendations", {"user_id": PERSON, PERSON: PERSON, "limit": PERSON}),
    ("/recommendations/batch", {"user_ids": [PERSON, f"{PERSON}2"]}),
    ("/feedback", {**FEEDBACK, "campaign_id": PERSON}),
    ("/feedback", {**FEEDBACK, "campaign_id": ""}),
    ("/events", [{**EVENT, "campaign": PERSON}, EVENT, {PERSON: PERSON}]),
]


async def drive(client: httpx.AsyncClient, dataset: Dataset) -> set[int]:
    """Requests about somebody unknown and somebody known; their statuses."""
    known = [path for path in PATHS if path.startswith(("/recommendations", "/users/"))]
    turn = asyncio.Semaphore(4)

    async def ask(method: str, path: str, body: Any = None) -> int:
        async with turn:
            reply = await client.request(method, path, json=body)
        return reply.status_code

    return set(
        await asyncio.gather(
            *(ask("GET", path.format(quote(PERSON))) for path in PATHS),
            *(ask("GET", path.format(dataset.id("ada"))) for path in known),
            *(ask("POST", path, body) for path, body in BODIES),
        )
    )


async def assert_nobody_is_named(
    client: httpx.AsyncClient, dataset: Dataset, output: io.StringIO
) -> None:
    metrics = (await client.get("/metrics")).text
    for shown in (output.getvalue(), metrics):
        assert PERSON not in shown
        assert dataset.prefix not in shown


@pytest.mark.parametrize(
    "missing", [(), ("milvus", "neo4j"), ("mongo", "redis"), ("milvus", "neo4j", "mongo", "redis")]
)
@pytest.mark.usefixtures("new_release")
async def test_whatever_store_is_missing_nobody_is_named(
    api_settings: ApiSettings, dataset: Dataset, tmp_path: Any, missing: tuple[str, ...]
) -> None:
    settings = without(api_settings, *missing).model_copy(update={"home": tmp_path})

    async def get_texts() -> KnownTexts:
        return KnownTexts(dataset)

    with logging_as(LogFormat.JSON) as output:
        async with serving(settings, {get_embedder: get_texts}) as client:
            statuses = await drive(client, dataset)
            await assert_nobody_is_named(client, dataset, output)
    assert {200, 202, 404, 422} <= statuses
    assert "is missing" in output.getvalue()


@pytest.mark.usefixtures("new_release")
async def test_when_postgres_is_lost_nobody_is_named(
    api_settings: ApiSettings, dataset: Dataset, tmp_path: Any
) -> None:
    port = free_port()
    settings = postgres_at(api_settings, host="127.0.0.1", port=port).model_copy(
        update={
            "api_release_recheck_seconds": AT_ONCE,
            "api_leg_timeout_seconds": 0.3,
            "home": tmp_path,
        }
    )
    with logging_as(LogFormat.JSON) as output:
        async with serving(settings) as client:
            async with postgres_also_at(port, api_settings):
                await client.get("/health")
            statuses = await drive(client, dataset)
            statuses.add((await client.delete(f"/users/{PERSON}")).status_code)
            await assert_nobody_is_named(client, dataset, output)
    assert 503 in statuses
    assert "the admin action is in this log only" in output.getvalue()


async def test_a_refusal_that_quotes_somebody_is_logged_without_the_quotation(
    empty_settings: ApiSettings, dataset: Dataset
) -> None:
    """The column is of a type that makes Postgres quote the id in its refusal."""
    with own_database(empty_settings) as settings, logging_as(LogFormat.JSON) as output:
        async with serving(settings) as client:
            await client.delete("/users/somebody-else")
            with connect(settings) as connection:
                connection.execute("DROP INDEX mpp.erasures_open")
                connection.execute(
                    "ALTER TABLE mpp.erasures ALTER user_id TYPE bigint USING 1::bigint"
                )
            reply = await client.delete(f"/users/{PERSON}")
            await assert_nobody_is_named(client, dataset, output)
    assert reply.status_code == 500
    assert reply.json()["type"] == "urn:problem-type:mpp:store-refused"
    assert "postgres: could not request an erasure" in output.getvalue()

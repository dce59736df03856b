"""Ids and filters that would mean something else, were they ever part of a query's text.

Each is asked about beside an id that is merely unknown: the replies must be equal but for
the id. The engines are real, so Cypher, SQL, MongoDB's operators and Milvus' filters are
all in reach.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from mpp_api.dependencies import get_embedder
from mpp_api.settings import ApiSettings
from mpp_stores.bounds import MAX_ID_CHARACTERS
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "an-unknown-id"
HOSTILE = [
    "'",
    '"',
    "\\",
    "\\'",
    "\\' OR 1=1 --",
    '\\"',
    "' OR '1'='1",
    "'; DROP TABLE mpp.user_engagement; --",
    "%(user_id)s",
    "%",
    "_",
    ".*",
    '"}) RETURN 1 UNION MATCH (u:User) RETURN u //',
    "'}) DETACH DELETE n //",
    'x"}) MATCH (user:User) DETACH DELETE user WITH 1 AS one RETURN "',
    "$user_id",
    "{user_id}",
    "` SET n.erased = true //",
    '" or user_id != "',
    "user_id like '%'",
    "$ne",
    "$where",
    '{"$gt": ""}',
    '{"$ne": null}',
    '{"$where": "sleep(1000)"}',
    "../../etc/passwd",
    "\u2019\u02bc\uff07",
    "\u202e\u2066ada\u2069",
    "a\u0308da",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "x\r\nSET x 1\r\nx",
    "'" * MAX_ID_CHARACTERS,
    "\U0001f9e8" * MAX_ID_CHARACTERS,
]
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
]
FILTERS = [
    ("/users", "prefix"),
    ("/campaigns", "tag"),
    ("/campaigns", "topic"),
    ("/messages/search?q={text}", "user_id"),
    ("/messages/search?q={text}", "campaign_id"),
]
OPERATORS: list[Any] = [{"$ne": None}, {"$gt": ""}, ["ada"], {"$where": "1"}, True, 1, None]
# They differ between any two replies.
VOLATILE = {"generated_at", "age_seconds", "request_id"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(api_settings: ApiSettings, dataset: Dataset) -> AsyncIterator[httpx.AsyncClient]:
    texts = KnownTexts(dataset)

    async def get_texts() -> KnownTexts:
        return texts

    async with serving(api_settings, {get_embedder: get_texts}) as client:
        yield client


async def few_at_once(
    requests: Iterable[Coroutine[Any, Any, httpx.Response]],
) -> list[httpx.Response]:
    """So few that none has to wait for a connection: replies of a busy service lack legs."""
    turn = asyncio.Semaphore(3)

    async def one(request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        async with turn:
            return await request

    return await asyncio.gather(*map(one, requests))


def told(reply: httpx.Response, value: str) -> Any:
    """Status and body, with a mark in the place of the value that was asked about."""

    def marked(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: marked(each) for name, each in part.items() if name not in VOLATILE}
        if isinstance(part, list):
            return [marked(each) for each in part]
        if isinstance(part, str):
            return "?" if part == value else part.replace(repr(value), "?")
        return part

    return reply.status_code, marked(reply.json())


@pytest.mark.parametrize("path", PATHS)
async def test_a_hostile_id_in_a_path_is_merely_unknown(
    service: httpx.AsyncClient, path: str
) -> None:
    # A slash ends a path's segment, encoded or not.
    hostile = [value for value in HOSTILE if "/" not in value]
    unknown = told(await service.get(path.format(UNKNOWN)), UNKNOWN)
    replies = await few_at_once(
        service.get(path.format(quote(value, safe=""))) for value in hostile
    )
    for value, reply in zip(hostile, replies, strict=True):
        assert told(reply, value) == unknown, value
    assert unknown[0] in {200, 404}


@pytest.mark.parametrize(("path", "name"), FILTERS)
async def test_a_hostile_filter_finds_what_an_unknown_one_finds(
    service: httpx.AsyncClient, dataset: Dataset, path: str, name: str
) -> None:
    text = quote(dataset.messages[0]["text"])
    url = httpx.URL(path.format(text=text))
    unknown = told(await service.get(url.copy_add_param(name, UNKNOWN)), UNKNOWN)
    replies = await few_at_once(service.get(url.copy_add_param(name, value)) for value in HOSTILE)
    for value, reply in zip(HOSTILE, replies, strict=True):
        assert told(reply, value) == unknown, value
    assert unknown[0] == 200


@pytest.mark.parametrize("name", ["exclude_ids", "include_ids", "tags", "topic"])
async def test_hostile_filters_of_a_list_choose_what_an_unknown_one_chooses(
    service: httpx.AsyncClient, dataset: Dataset, name: str
) -> None:
    path = f"/recommendations/{dataset.id('ada')}"
    unknown = await service.get(path, params={name: [UNKNOWN]})
    reply = await service.get(path, params={name: HOSTILE})
    assert told(reply, "") == told(unknown, "")
    assert reply.status_code == 200


async def test_a_hostile_id_in_a_body_is_merely_unknown(service: httpx.AsyncClient) -> None:
    def body(value: str) -> dict[str, Any]:
        return {"user_id": value, "exclude_ids": [value], "tags": [], "topic": []}

    unknown = told(await service.post("/recommendations", json=body(UNKNOWN)), UNKNOWN)
    replies = await few_at_once(
        service.post("/recommendations", json=body(value)) for value in HOSTILE
    )
    for value, reply in zip(HOSTILE, replies, strict=True):
        assert told(reply, value) == unknown, value
    assert unknown[0] == 200


@pytest.mark.parametrize("path", ["/recommendations", "/recommendations/batch", "/erasures"])
async def test_an_operator_in_the_place_of_an_id_is_refused(
    service: httpx.AsyncClient, path: str
) -> None:
    for operator in OPERATORS:
        is_anonymous = operator is None and path == "/recommendations"
        body = {"user_ids": [operator]} if path.endswith("batch") else {"user_id": operator}
        reply = await service.post(path, json=body)
        assert reply.status_code == (200 if is_anonymous else 422), operator


async def test_feedback_of_a_hostile_id_is_that_ids_alone(
    service: httpx.AsyncClient, dataset: Dataset
) -> None:
    """Trending campaigns are what an unknown user is shown, less what that user dismissed."""

    async def shown(user_id: str) -> set[str]:
        reply = await service.post("/recommendations", json={"user_id": user_id})
        return {item["campaign_id"] for item in reply.json()["items"]}

    cards = dataset.id("cards")
    sent = [
        {
            "request_id": "0f8fad5bd9cb469f",
            "user_id": value,
            "campaign_id": cards,
            "kind": "dismiss",
        }
        for value in HOSTILE
    ]
    reply = await service.post("/feedback", json=sent)
    assert reply.json()["recorded"] == len(HOSTILE)
    assert cards in await shown(UNKNOWN)
    for value in HOSTILE:
        assert cards not in await shown(value), value


async def test_an_id_that_is_longer_than_any_stored_one_is_refused(
    service: httpx.AsyncClient,
) -> None:
    for path in PATHS:
        reply = await service.get(path.format("x" * (MAX_ID_CHARACTERS + 1)))
        assert reply.status_code == 422, path


async def test_afterwards_everything_is_still_there(
    service: httpx.AsyncClient, dataset: Dataset
) -> None:
    users = (await service.get("/users", params={"prefix": dataset.prefix})).json()["users"]
    assert len(users) == len(dataset.profiles("user_id"))
    found = (await service.get(f"/users/{dataset.id('ada')}/timeline")).json()["messages"]
    assert len(found) == sum(row["user_id"] == dataset.id("ada") for row in dataset.messages)
    reply = await service.get(f"/recommendations/{dataset.id('ada')}")
    assert reply.json()["strategy"] == "hybrid"

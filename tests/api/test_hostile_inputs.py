"""What callers write is a value to every store, never part of a query."""

from urllib.parse import quote

import httpx
import pytest

from tests.api.dataset import Dataset

HOSTILE_IDS = [
    "x' OR '1'='1",
    "x'; DROP TABLE mpp.user_engagement; --",
    'x" or user_id != "',
    'x"}) MATCH (user:User) DETACH DELETE user WITH 1 AS one RETURN "',
    "{user_id}",
    "%(user_id)s",
    '{"$gt": ""}',
    "$where",
    "\\",
    "x\\' OR 1=1 --",
    "%",
    "line\nbreak",
]
READ_BY_ID = [
    "/users/{}/profile",
    "/users/{}/engagement",
    "/users/{}/timeline",
    "/users/{}/similar",
    "/campaigns/{}",
    "/campaigns/{}/performance",
    "/campaigns/{}/audience",
    "/campaigns/{}/similar",
    "/messages/{}/provenance",
    "/releases/{}",
]


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
async def test_a_hostile_id_is_an_unknown_one(
    client: httpx.AsyncClient, dataset: Dataset, hostile: str
) -> None:
    replies = [await client.get(path.format(quote(hostile, safe=""))) for path in READ_BY_ID]
    assert [reply.status_code for reply in replies] == [404] * len(READ_BY_ID)
    listed = await client.get("/users", params={"prefix": hostile})
    assert listed.json()["users"] == []
    known = await client.get(f"/users/{dataset.id('ada')}/similar")
    assert len(known.json()["users"]) == 5

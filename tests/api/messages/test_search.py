"""Search by meaning. The texts' vectors are the data set's; the model has tests of its own."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import numpy as np
import pytest
from redis import Redis

from mpp_api.dependencies import get_embedder
from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts

LAMP = "Is the lamp bright enough to read by?"


@pytest.fixture
async def client(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> AsyncIterator[httpx.AsyncClient]:
    embedder = KnownTexts(dataset)
    async with serving(api_settings, {get_embedder: lambda: embedder}) as client:
        yield client


def nearest(dataset: Dataset, **conditions: Any) -> list[str]:
    """The ids of the messages that the conditions hold for, nearest to the lamp first."""
    [lamp] = [row for row in dataset.messages if row["text"] == LAMP]
    found = [
        row
        for row in dataset.messages
        if all(row[column] == value for column, value in conditions.items())
    ]
    found.sort(key=lambda row: -np.dot(row["embedding"], lamp["embedding"]))
    return [row["message_id"] for row in found]


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [message["message_id"] for message in response.json()["messages"]]


def seconds_kept(settings: ApiSettings, release: Release) -> int:
    """Of the search of the release that is kept for the shortest time."""
    with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        keys = redis.scan_iter(f"mpp:*:message-search:{release.release_id}:*")
        return min(cast(int, redis.ttl(key)) for key in keys)


async def test_the_nearest_messages_come_first(client: httpx.AsyncClient, dataset: Dataset) -> None:
    response = await client.get("/messages/search", params={"q": LAMP, "limit": 5})
    assert ids(response) == nearest(dataset)[:5]
    first = response.json()["messages"][0]
    assert (first["text"], first["similarity"]) == (LAMP, 1.0)
    assert (first["user_id"], first["campaign_id"]) == (dataset.id("ben"), dataset.id("lamps"))


async def test_many_messages_of_an_erased_user_take_no_place(
    own_settings: ApiSettings, own_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpp_api.messages.search.SPARE", 0)
    embedder, ben = KnownTexts(own_dataset), own_dataset.id("ben")
    users = {row["message_id"]: row["user_id"] for row in own_dataset.messages}
    others = [each for each in nearest(own_dataset) if users[each] != ben]
    assert nearest(own_dataset)[0] != others[0]
    async with serving(own_settings, {get_embedder: lambda: embedder}) as client:
        assert (await client.delete(f"/users/{ben}")).status_code == 202
        response = await client.get("/messages/search", params={"q": LAMP, "limit": 3})
    assert ids(response) == others[:3]


async def test_filters_leave_the_nearest_of_those_they_hold_for(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    eve, tents = dataset.id("eve"), dataset.id("tents")

    async def found(**filters: str) -> list[str]:
        return ids(await client.get("/messages/search", params={"q": LAMP, **filters}))

    assert await found(user_id=eve) == nearest(dataset, user_id=eve)
    assert await found(campaign_id=tents) == nearest(dataset, campaign_id=tents)
    assert await found(campaign_id=tents, user_id=eve) == nearest(
        dataset, campaign_id=tents, user_id=eve
    )
    second_day = nearest(dataset, event_day=dataset.days[1])
    assert await found(since="1999-03-02T00:00:00Z", until="1999-03-03T00:00:00Z") == second_day
    assert await found(since="1999-03-03T00:00:00Z", until="1999-03-02T00:00:00Z") == []


@pytest.mark.parametrize("hostile", ['x" or user_id != "', "{user_id}", "'; --", "\\", "$ne"])
@pytest.mark.parametrize("name", ["user_id", "campaign_id"])
async def test_a_filter_is_never_read_as_an_expression(
    client: httpx.AsyncClient, name: str, hostile: str
) -> None:
    assert ids(await client.get("/messages/search", params={"q": LAMP, name: hostile})) == []


async def test_a_search_is_kept_for_those_who_ask_the_same(client: httpx.AsyncClient) -> None:
    first = await client.get("/messages/search", params={"q": LAMP})
    again = await client.get("/messages/search", params={"q": LAMP})
    other = await client.get("/messages/search", params={"q": LAMP, "limit": 3})
    outcomes = [response.headers["X-Cache"] for response in (first, again, other)]
    assert outcomes == ["miss", "hit", "miss"]
    assert again.content == first.content


async def test_a_search_that_finds_nothing_is_kept_briefly(
    client: httpx.AsyncClient, api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    found = await client.get("/messages/search", params={"q": LAMP})
    full = seconds_kept(api_settings, new_release)
    empty = await client.get("/messages/search", params={"q": LAMP, "user_id": "nobody"})
    brief = seconds_kept(api_settings, new_release)
    assert ids(found)
    assert ids(empty) == []
    assert full > 60 > brief


async def test_a_text_that_cannot_be_embedded_is_unavailable(client: httpx.AsyncClient) -> None:
    response = await client.get("/messages/search", params={"q": "no such text"})
    assert response.status_code == 503
    assert response.json()["detail"].startswith("model did not answer")


async def test_vectors_of_another_model_are_not_compared(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    embedder = KnownTexts(dataset, model="another")
    async with serving(api_settings, {get_embedder: lambda: embedder}) as client:
        response = await client.get("/messages/search", params={"q": LAMP})
    assert response.status_code == 503
    assert response.json()["type"] == "urn:problem-type:mpp:other-model"
    assert "another" in response.json()["detail"]


async def test_without_milvus_a_search_is_unavailable(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    embedder = KnownTexts(dataset)
    settings = without(api_settings, "milvus", "redis")
    async with serving(settings, {get_embedder: lambda: embedder}) as client:
        response = await client.get("/messages/search", params={"q": LAMP})
    assert response.status_code == 503
    assert response.json()["detail"].startswith("milvus did not answer")

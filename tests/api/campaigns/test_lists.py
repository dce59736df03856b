"""Campaigns by what the campaign file says, what people do in them, and what they say."""

from typing import Any

import httpx
import numpy as np
import pytest

from mpp_api.settings import ApiSettings
from tests.api.conftest import losing_postgres
from tests.api.dataset import Dataset
from tests.api.pages import everything, pages

RUNNING = ("boots", "cards", "lamps", "maps", "stoves", "tents")


def names(items: list[dict[str, Any]], dataset: Dataset) -> list[str]:
    return [item["campaign_id"].removeprefix(dataset.prefix) for item in items]


async def test_campaigns_come_by_id_with_what_the_file_says_and_their_figures(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    found = await pages(client, "/campaigns", "campaigns", limit=3)
    assert [len(page) for page in found] == [3, 3, 3]
    listed = {item["campaign_id"]: item for page in found for item in page}
    assert list(listed) == sorted(listed)
    boots, stoves = listed[dataset.id("boots")], listed[dataset.id("stoves")]
    kites = listed[dataset.id("kites")]
    assert (boots["name"], boots["tags"]) == ("Boots for all weathers", ["footwear", "winter"])
    assert boots["figures"]["message_count"] == 5
    assert (stoves["name"], stoves["topic"], stoves["status"]) == (
        stoves["campaign_id"],
        "",
        "running",
    )
    assert (kites["figures"], kites["status"]) == (None, "upcoming")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "running"}, RUNNING),
        ({"status": "inactive"}, ["sleds"]),
        ({"status": "ended"}, ["parasols"]),
        ({"status": "upcoming"}, ["kites"]),
        ({"tag": "winter"}, ["boots", "lamps", "sleds"]),
        ({"tag": "winter", "status": "running"}, ["boots", "lamps"]),
        ({"topic": "payment"}, ["cards"]),
        ({"tag": "win%"}, []),
        ({"topic": "'; DROP TABLE mpp.campaigns; --"}, []),
    ],
)
async def test_every_filter_that_is_given_has_to_hold(
    client: httpx.AsyncClient, dataset: Dataset, filters: dict[str, str], found: list[str]
) -> None:
    items = await everything(client, "/campaigns", "campaigns", limit=2, **filters)
    assert names(items, dataset) == list(found)


async def test_trending_is_what_is_recommended_where_nothing_is_known(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    trending = (await client.get("/campaigns/trending")).json()["campaigns"]
    recommended = (await client.get(f"/recommendations/{dataset.id('nobody')}")).json()
    assert recommended["strategy"] == "trending"
    assert [(item["rank"], item["campaign_id"], item["score"]) for item in trending] == [
        (item["rank"], item["campaign_id"], item["score"]) for item in recommended["items"]
    ]
    assert sorted(names(trending, dataset)) == sorted(RUNNING)


async def test_what_the_release_says_of_campaigns_is_there_while_postgres_is_down(
    api_settings: ApiSettings, client: httpx.AsyncClient, dataset: Dataset
) -> None:
    one = f"/campaigns/{dataset.id('boots')}"
    paths = ["/campaigns", "/campaigns/trending", one, f"{one}/performance"]
    complete = [(await client.get(path)).json() for path in paths]
    async with losing_postgres(api_settings) as last_known:
        replies = [(await last_known.get(path)).json() for path in paths]
    assert {reply["release"]["state"] for reply in replies} == {"last-known"}
    assert [reply | {"release": None} for reply in replies] == [
        reply | {"release": None} for reply in complete
    ]


@pytest.mark.parametrize(
    ("name", "status", "has_figures"),
    [("boots", "running", True), ("kites", "upcoming", False), ("sleds", "inactive", True)],
)
async def test_one_campaign_is_found_by_its_id(
    client: httpx.AsyncClient, dataset: Dataset, name: str, status: str, has_figures: bool
) -> None:
    reply = (await client.get(f"/campaigns/{dataset.id(name)}")).json()
    assert (reply["campaign_id"], reply["status"]) == (dataset.id(name), status)
    assert (reply["figures"] is not None) == has_figures


@pytest.mark.parametrize("path", ["", "/performance", "/audience", "/similar"])
async def test_an_unknown_campaign_is_a_404_problem_everywhere(
    client: httpx.AsyncClient, dataset: Dataset, path: str
) -> None:
    response = await client.get(f"/campaigns/{dataset.id('nothing')}{path}")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-campaign"


async def test_an_audience_comes_best_engagement_first_and_each_user_once(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    path = f"/campaigns/{dataset.id('boots')}/audience"
    stored = sorted(
        (row for row in dataset.engagement() if row["campaign_id"] == dataset.id("boots")),
        key=lambda row: (-row["engagement_score"], row["user_id"]),
    )
    found = await everything(client, path, "users", limit=1)
    assert [(user["user_id"], user["engagement_score"]) for user in found] == [
        (row["user_id"], row["engagement_score"]) for row in stored
    ]
    reply = (await client.get(path)).json()
    assert reply["users_by_level"] == {"high": 0, "medium": 0, "low": 4}
    assert (await client.get(path, params={"level": "high"})).json()["users"] == []
    assert len((await client.get(path, params={"level": "low"})).json()["users"]) == 4


async def test_similar_campaigns_are_the_nearest_profiles_of_those_that_run(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    path = f"/campaigns/{dataset.id('cards')}/similar"
    vectors = {
        row["campaign_id"]: np.array(row["embedding"]) for row in dataset.profiles("campaign_id")
    }
    own = vectors.pop(dataset.id("cards"))
    nearest = sorted(vectors, key=lambda campaign_id: -(vectors[campaign_id] @ own))
    assert {dataset.id("sleds"), dataset.id("parasols")} & set(nearest[:3])
    running = [each for each in nearest if each.removeprefix(dataset.prefix) in RUNNING]
    reply = (await client.get(path, params={"limit": 3})).json()
    everywhere = (await client.get(path, params={"limit": 3, "running_only": False})).json()
    assert [each["campaign_id"] for each in reply["campaigns"]] == running[:3]
    assert {each["status"] for each in reply["campaigns"]} == {"running"}
    assert [each["campaign_id"] for each in everywhere["campaigns"]] == nearest[:3]


async def test_a_described_campaign_without_messages_has_no_audience_and_none_like_it(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    path = f"/campaigns/{dataset.id('kites')}"
    audience, similar = [await client.get(f"{path}/{of}") for of in ("audience", "similar")]
    assert (audience.status_code, similar.status_code) == (200, 200)
    assert audience.json()["users_by_level"] == {"high": 0, "medium": 0, "low": 0}
    assert (audience.json()["users"], audience.json()["next_cursor"]) == ([], None)
    assert similar.json()["campaigns"] == []

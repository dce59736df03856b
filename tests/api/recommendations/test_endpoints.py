"""What a caller sees while every store is up."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from mpp_api.settings import ApiSettings
from tests.api.conftest import serving
from tests.api.dataset import PERFORMANCE_SCORES, Dataset
from tests.api.pages import pages

Reply = dict[str, Any]


@pytest.fixture
async def for_ada(client: httpx.AsyncClient, dataset: Dataset) -> Reply:
    return await recommended(client, dataset.id("ada"))


async def recommended(client: httpx.AsyncClient, user_id: str, **query: Any) -> Reply:
    response = await client.get(f"/recommendations/{user_id}", params=query)
    assert response.status_code == 200, response.text
    reply: Reply = response.json()
    return reply


def campaigns(reply: Reply) -> list[str]:
    return [item["campaign_id"] for item in reply["items"]]


def item_of(reply: Reply, campaign_id: str) -> Reply:
    (item,) = [item for item in reply["items"] if item["campaign_id"] == campaign_id]
    return item


async def test_what_similar_users_engaged_with_comes_first(
    for_ada: Reply, dataset: Dataset
) -> None:
    assert for_ada["strategy"] == "hybrid"
    assert for_ada["known_user"] is True
    assert for_ada["missing_legs"] == []
    assert for_ada["notice"] is None
    assert for_ada["items"][0]["campaign_id"] == dataset.id("lamps")
    assert [item["rank"] for item in for_ada["items"]] == [1, 2, 3, 4]


async def test_campaigns_the_user_engaged_with_are_left_out(
    for_ada: Reply, dataset: Dataset
) -> None:
    assert not {dataset.id("boots"), dataset.id("tents")} & set(campaigns(for_ada))


async def test_campaigns_the_user_engaged_with_are_marked_when_asked_for(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await recommended(client, dataset.id("ada"), exclude_seen=False)
    engaged = {item["campaign_id"] for item in reply["items"] if item["already_engaged"]}
    assert engaged == {dataset.id("boots"), dataset.id("tents")}


async def test_the_score_parts_add_up_to_the_score(for_ada: Reply) -> None:
    for item in for_ada["items"]:
        parts = item["score_parts"]
        assert [part["name"] for part in parts] == [
            "similar_users",
            "graph",
            "messages",
            "topic",
            "performance",
        ]
        exact = [Decimal(str(part["contribution"])) for part in parts]
        assert sum(exact) == Decimal(str(item["score"]))
        for part, contribution in zip(parts, exact, strict=True):
            assert Decimal(str(part["weight"])) * Decimal(str(part["value"])) == contribution


async def test_scores_fall_with_rank(for_ada: Reply) -> None:
    scores = [item["score"] for item in for_ada["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_items_say_what_the_campaign_file_says(for_ada: Reply, dataset: Dataset) -> None:
    assert item_of(for_ada, dataset.id("lamps"))["campaign"] == {
        "name": "Lamps",
        "topic": "outdoors",
        "description": "",
        "tags": ["camping", "winter"],
        "starts_on": None,
        "ends_on": None,
    }
    assert item_of(for_ada, dataset.id("stoves"))["campaign"]["name"] == dataset.id("stoves")


async def test_without_explanations_the_list_is_the_same(
    client: httpx.AsyncClient, for_ada: Reply, dataset: Dataset
) -> None:
    brief = await recommended(client, dataset.id("ada"), explain=False)
    assert brief["items"] == [item | {"explanation": None} for item in for_ada["items"]]


async def test_limit_keeps_the_best(
    client: httpx.AsyncClient, for_ada: Reply, dataset: Dataset
) -> None:
    reply = await recommended(client, dataset.id("ada"), limit=2)
    assert campaigns(reply) == campaigns(for_ada)[:2]


async def test_post_answers_what_get_answers(client: httpx.AsyncClient, dataset: Dataset) -> None:
    got = await client.get(f"/recommendations/{dataset.id('ben')}?limit=3&exclude_seen=false")
    posted = await client.post(
        "/recommendations",
        json={"user_id": dataset.id("ben"), "limit": 3, "exclude_seen": False},
    )
    assert posted.status_code == 200
    assert posted.content == got.content  # the second came from the cache


async def test_a_user_who_has_seen_everything_gets_an_empty_list_and_the_reason(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await recommended(client, dataset.id("eve"))
    assert reply["items"] == []
    assert "exclude_seen=false" in reply["notice"]
    none_so_good = await recommended(client, dataset.id("eve"), min_score=1)
    assert none_so_good["notice"] == "no candidate campaign passes the filters"
    ranked = await recommended(client, dataset.id("eve"), exclude_seen=False)
    assert len(ranked["items"]) == len(PERFORMANCE_SCORES)


async def test_filters_choose_among_the_same_scores(
    client: httpx.AsyncClient, for_ada: Reply, dataset: Dataset
) -> None:
    by_tag = await recommended(client, dataset.id("ada"), tags=["winter", "camping"])
    by_topic = await recommended(client, dataset.id("ada"), topic="payment")
    by_id = await recommended(
        client,
        dataset.id("ada"),
        include_ids=[dataset.id("maps"), dataset.id("lamps")],
        exclude_ids=[dataset.id("maps")],
    )
    lamps = item_of(for_ada, dataset.id("lamps"))
    assert by_tag["items"] == by_id["items"] == [lamps]
    assert campaigns(by_topic) == [dataset.id("cards")]
    good = await recommended(client, dataset.id("ada"), min_score=lamps["score"])
    assert good["items"] == [lamps]


async def test_a_diverse_list_holds_the_same_campaigns_with_the_same_scores(
    client: httpx.AsyncClient, for_ada: Reply, dataset: Dataset
) -> None:
    diverse = await recommended(client, dataset.id("ada"), diversity=0.9)
    assert diverse["diversity"] == 0.9
    # What is not about the outdoors comes right after the best.
    assert campaigns(diverse)[:2] == [dataset.id("lamps"), dataset.id("cards")]
    assert {item["campaign_id"]: item["score"] for item in diverse["items"]} == {
        item["campaign_id"]: item["score"] for item in for_ada["items"]
    }


@pytest.mark.parametrize("diversity", [0, 0.9])
async def test_the_pages_are_the_list(
    client: httpx.AsyncClient, dataset: Dataset, diversity: float
) -> None:
    whole = await recommended(client, dataset.id("ada"), diversity=diversity)
    path = f"/recommendations/{dataset.id('ada')}"
    found = await pages(client, path, "items", diversity=diversity, limit=3)
    assert [len(items) for items in found] == [3, 1]
    assert [item for items in found for item in items] == whole["items"]


async def test_a_cursor_of_a_list_that_changed_says_to_start_again(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    page = await recommended(client, dataset.id("ada"), limit=1)
    refused = await client.get(
        f"/recommendations/{dataset.id('ada')}",
        params={"limit": 1, "exclude_ids": campaigns(page), "cursor": page["next_cursor"]},
    )
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:problem-type:mpp:list-changed"


async def test_null_is_no_diversity(client: httpx.AsyncClient) -> None:
    response = await client.post("/recommendations", json={"diversity": None})
    assert response.status_code == 422
    assert response.json()["errors"][0]["name"] == "diversity"


@pytest.mark.parametrize(
    "path",
    ["/recommendations/anybody", "/users/anybody/engagement", "/campaigns/any/performance"],
)
async def test_before_the_first_release_the_problem_says_what_to_run(
    empty_settings: ApiSettings, path: str
) -> None:
    async with serving(empty_settings) as client:
        response = await client.get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.json()["type"] == "urn:problem-type:mpp:no-release"
    assert "mpp ingest" in response.json()["detail"]

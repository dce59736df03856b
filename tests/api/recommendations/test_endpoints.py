"""What a caller sees while every store is up."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from mpp_api.settings import ApiSettings
from tests.api.conftest import serving
from tests.api.dataset import PERFORMANCE_SCORES, Dataset

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
            "performance",
        ]
        exact = [Decimal(str(part["contribution"])) for part in parts]
        assert sum(exact) == Decimal(str(item["score"]))
        for part, contribution in zip(parts, exact, strict=True):
            assert Decimal(str(part["weight"])) * Decimal(str(part["value"])) == contribution


async def test_scores_fall_with_rank(for_ada: Reply) -> None:
    scores = [item["score"] for item in for_ada["items"]]
    assert scores == sorted(scores, reverse=True)


async def test_cited_messages_are_the_stored_ones(for_ada: Reply, dataset: Dataset) -> None:
    stored = {message["message_id"]: message for message in dataset.messages}
    cited = [
        (item["campaign_id"], evidence)
        for item in for_ada["items"]
        for evidence in item["explanation"]["messages"]
    ]
    assert cited
    for campaign_id, evidence in cited:
        message = stored[evidence["message_id"]]
        assert evidence["user_id"] == message["user_id"] != dataset.id("ada")
        assert evidence["text"] == message["text"]
        assert campaign_id == message["campaign_id"]
        assert evidence["source"] == {"batch": message["batch"], "position": message["position"]}


async def test_cited_messages_come_nearest_first(for_ada: Reply) -> None:
    for item in for_ada["items"]:
        similarities = [message["similarity"] for message in item["explanation"]["messages"]]
        assert similarities == sorted(similarities, reverse=True)
        assert len(similarities) <= 3


async def test_the_graph_path_is_walkable_with_the_counts_it_states(
    for_ada: Reply, dataset: Dataset
) -> None:
    edges = {(row["user_id"], row["campaign_id"]): row for row in dataset.engagement()}
    lamps = item_of(for_ada, dataset.id("lamps"))["explanation"]["graph"]
    user, *_, campaign = lamps["path"]
    shared, peer = lamps["path"][2], lamps["path"][4]
    assert (user, campaign) == (dataset.id("ada"), dataset.id("lamps"))
    assert lamps["path"][1::2] == ["ENGAGED_WITH"] * 3
    walked = [(user, shared), (peer, shared), (peer, campaign)]
    assert lamps["message_counts"] == [edges[edge]["message_count"] for edge in walked]
    assert lamps["peer_count"] == 3


async def test_similar_users_are_cited_with_what_they_did(for_ada: Reply, dataset: Dataset) -> None:
    cited = item_of(for_ada, dataset.id("lamps"))["explanation"]["similar_users"]
    counts = {user["user_id"]: user["message_count"] for user in cited}
    assert counts == {dataset.id("ben"): 2, dataset.id("cid"): 1, dataset.id("eve"): 1}


async def test_campaign_figures_are_the_performance_endpoint_s(
    client: httpx.AsyncClient, for_ada: Reply
) -> None:
    for item in for_ada["items"]:
        performance = await client.get(f"/campaigns/{item['campaign_id']}/performance")
        figures = {name: value for name, value in performance.json().items() if name != "release"}
        assert item["explanation"]["campaign"] == figures


async def test_the_explanation_reads_as_a_sentence(for_ada: Reply, dataset: Dataset) -> None:
    text = item_of(for_ada, dataset.id("lamps"))["explanation"]["text"]
    assert text.startswith(f"{dataset.id('lamps')}: 3 of the 3 most similar users engaged with it")
    assert "similarity" in text
    assert text.endswith(".")


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


async def test_an_unknown_user_gets_popular_campaigns_marked_as_such(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await recommended(client, dataset.id("nobody"))
    by_performance = sorted(PERFORMANCE_SCORES, key=PERFORMANCE_SCORES.__getitem__, reverse=True)
    assert reply["strategy"] == "popular"
    assert reply["known_user"] is False
    assert campaigns(reply) == [dataset.id(campaign) for campaign in by_performance]
    assert [item["score"] for item in reply["items"]] == [
        PERFORMANCE_SCORES[campaign] for campaign in by_performance
    ]
    assert "popular" in reply["notice"]


async def test_a_user_who_has_seen_everything_gets_an_empty_list_and_the_reason(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await recommended(client, dataset.id("eve"))
    assert reply["items"] == []
    assert "exclude_seen=false" in reply["notice"]
    ranked = await recommended(client, dataset.id("eve"), exclude_seen=False)
    assert len(ranked["items"]) == len(PERFORMANCE_SCORES)


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

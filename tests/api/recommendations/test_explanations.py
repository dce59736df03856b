"""Every kind of evidence, followed into the store that it is from."""

from typing import Any

import httpx
import numpy as np
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import EngagedWith, Release
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.publishing import publish_what_is_complete

Item = dict[str, Any]


@pytest.fixture
async def items(client: httpx.AsyncClient, dataset: Dataset) -> list[Item]:
    """What ada is recommended."""
    response = await client.get(f"/recommendations/{dataset.id('ada')}")
    found: list[Item] = response.json()["items"]
    return found


@pytest.fixture
async def numbers(api_settings: ApiSettings, new_release: Release) -> dict[str, list[int]]:
    tables = TableReader(api_settings)
    found = await tables.contents(new_release.release_id)
    await tables.close()
    return found


def evidence(items: list[Item], kind: str) -> list[tuple[str, Any]]:
    """By campaign id, of all items together."""
    found = []
    for item in items:
        cited = item["explanation"][kind]
        found += [
            (item["campaign_id"], each) for each in (cited if type(cited) is list else [cited])
        ]
    assert any(each for _, each in found)
    return found


def value_of(items: list[Item], campaign_id: str, part: str) -> float:
    (item,) = [item for item in items if item["campaign_id"] == campaign_id]
    (value,) = [each["value"] for each in item["score_parts"] if each["name"] == part]
    return float(value)


async def test_messages_are_where_they_are_said_to_be(
    api_settings: ApiSettings, numbers: dict[str, list[int]], items: list[Item], dataset: Dataset
) -> None:
    documents = DocumentReader(api_settings)
    cited = evidence(items, "messages")
    stored = await documents.messages(
        [message["message_id"] for _, message in cited],
        materializations=numbers["mongo/conversations"],
    )
    await documents.close()
    for (campaign_id, message), document in zip(cited, stored, strict=True):
        assert message["source"] == {"batch": document.batch, "position": document.position}
        assert (message["text"], campaign_id) == (document.text, document.campaign_id)
        assert message["user_id"] == document.user_id != dataset.id("ada")
        assert message["sent_at"] == document.sent_at.isoformat().replace("+00:00", "Z")


async def test_the_messages_value_is_the_mean_of_what_the_cited_ones_count(
    items: list[Item],
) -> None:
    for item in items:
        strengths = [
            message["similarity"] * message["recency"]
            for message in item["explanation"]["messages"]
        ]
        assert strengths == sorted(strengths, reverse=True)
        value = value_of(items, item["campaign_id"], "messages")
        assert value == pytest.approx(sum(strengths) / 3, abs=2e-4)


async def test_similarities_are_those_of_the_stored_vectors(
    api_settings: ApiSettings, numbers: dict[str, list[int]], items: list[Item], dataset: Dataset
) -> None:
    vectors = VectorReader(api_settings)
    (user_profiles,) = numbers["milvus/user_profiles"]
    (campaign_profiles,) = numbers["milvus/campaign_profiles"]
    ada = await vectors.profile(dataset.id("ada"), materialization=user_profiles)
    campaigns = {
        profile.campaign_id: profile.embedding
        for profile in await vectors.campaign_profiles(
            materialization=campaign_profiles,
            campaign_ids=[campaign_id for campaign_id, _ in evidence(items, "topic")],
        )
    }
    messages = {message["message_id"]: message["embedding"] for message in dataset.messages}
    assert ada is not None
    for campaign_id, topic in evidence(items, "topic"):
        cosine = np.dot(ada.embedding, campaigns[campaign_id])
        assert topic["similarity"] == pytest.approx(cosine, abs=1e-3)
        assert value_of(items, campaign_id, "topic") == max(topic["similarity"], 0)
    for _, message in evidence(items, "messages"):
        cosine = np.dot(ada.embedding, messages[message["message_id"]])
        assert message["similarity"] == pytest.approx(cosine, abs=1e-3)
    for _, user in evidence(items, "similar_users"):
        profile = await vectors.profile(user["user_id"], materialization=user_profiles)
        assert profile is not None
        cosine = np.dot(ada.embedding, profile.embedding)
        assert user["similarity"] == pytest.approx(cosine, abs=1e-3)
    await vectors.close()


async def test_the_message_that_the_text_quotes_is_the_strongest(items: list[Item]) -> None:
    for item in items:
        cited = item["explanation"]["messages"]
        if cited:
            strongest = max(cited, key=lambda each: each["similarity"] * each["recency"])
            similarity = f"{strongest['similarity']:.2f}"
            quoted = f"strongest message: “{strongest['text']}” (similarity {similarity}"
            assert quoted in item["explanation"]["text"]


async def test_paths_and_neighbours_are_walked_in_the_graph_with_the_counts_they_state(
    api_settings: ApiSettings, numbers: dict[str, list[int]], items: list[Item], dataset: Dataset
) -> None:
    graph = GraphReader(api_settings)
    (engaged_with,) = numbers["neo4j/engaged_with"]
    walks = [(campaign, walk) for campaign, walk in evidence(items, "graph") if walk]
    neighbours = evidence(items, "similar_users")
    users = {walk["path"][4] for _, walk in walks} | {user["user_id"] for _, user in neighbours}
    edges: dict[tuple[str, str], EngagedWith] = {
        (edge.user_id, edge.campaign_id): edge
        for edge in await graph.engaged_with(
            [dataset.id("ada"), *users], materialization=engaged_with
        )
    }
    await graph.close()
    for campaign_id, walk in walks:
        user, shared, peer, campaign = walk["path"][::2]
        assert (user, campaign) == (dataset.id("ada"), campaign_id)
        assert walk["path"][1::2] == ["ENGAGED_WITH"] * 3
        walked = [(user, shared), (peer, shared), (peer, campaign)]
        assert walk["message_counts"] == [edges[hop].message_count for hop in walked]
    for campaign_id, neighbour in neighbours:
        edge = edges[neighbour["user_id"], campaign_id]
        assert neighbour["message_count"] == edge.message_count
        assert neighbour["last_at"] == edge.last_at.isoformat().replace("+00:00", "Z")


async def test_figures_are_those_of_the_tables(
    api_settings: ApiSettings, numbers: dict[str, list[int]], items: list[Item]
) -> None:
    tables = TableReader(api_settings)
    (campaign_performance,) = numbers["postgres/campaign_performance"]
    performances = {
        row.campaign_id: row
        for row in await tables.campaign_performances(materialization=campaign_performance)
    }
    for campaign_id, figures in evidence(items, "performance"):
        stored = performances[campaign_id]
        assert figures == {
            name: value.isoformat().replace("+00:00", "Z") if name.endswith("_at") else value
            for name in figures
            for value in [getattr(stored, name)]
        }
        assert value_of(items, campaign_id, "performance") == stored.performance_score
    await tables.close()


async def test_a_message_of_which_age_leaves_nothing_is_cited_all_the_same(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    publish_what_is_complete(own_settings, own_dataset, days_later=365)
    async with serving(own_settings) as client:
        response = await client.get(f"/recommendations/{own_dataset.id('ada')}")
    assert response.status_code == 200, response.text
    cited = evidence(response.json()["items"], "messages")
    assert {message["recency"] for _, message in cited} == {0.0}


async def test_the_text_says_what_the_evidence_says(items: list[Item], dataset: Dataset) -> None:
    (lamps,) = [item for item in items if item["campaign_id"] == dataset.id("lamps")]
    text, topic = lamps["explanation"]["text"], lamps["explanation"]["topic"]
    assert text.startswith("Lamps: 3 of the 3 most similar users engaged with it")
    peers = lamps["explanation"]["graph"]["peer_count"]
    assert f"{peers} of the users whose campaigns overlap most with this one's engaged" in text
    assert f"{topic['similarity']:.2f} similar" in text
    assert text.endswith("performance 0.55.")

"""A user at a glance, and those who are like them."""

from datetime import datetime

import httpx
import numpy as np

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import Dataset


async def test_a_profile_sums_up_what_the_user_did(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = (await client.get(f"/users/{dataset.id('ben')}/profile")).json()
    sent = [row["sent_at"] for row in dataset.messages if row["user_id"] == dataset.id("ben")]
    assert (reply["message_count"], reply["campaign_count"]) == (4, 3)
    assert reply["engagement_level"] == "low"
    assert datetime.fromisoformat(reply["first_at"]) == sent[0]
    assert datetime.fromisoformat(reply["last_at"]) == sent[-1]
    lamps, *others = reply["top_campaigns"]
    assert (lamps["campaign_id"], lamps["name"]) == (dataset.id("lamps"), "Lamps")
    assert (lamps["topic"], lamps["message_count"]) == ("outdoors", 2)
    assert {campaign["campaign_id"] for campaign in others} == {
        dataset.id("boots"),
        dataset.id("tents"),
    }


async def test_topics_are_those_that_the_campaign_file_gives(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = (await client.get(f"/users/{dataset.id('eve')}/profile")).json()
    assert reply["campaign_count"] == 6
    assert len(reply["top_campaigns"]) == 5
    assert reply["topics"] == [
        {"topic": "outdoors", "campaign_count": 4, "message_count": 4},
        {"topic": "payment", "campaign_count": 1, "message_count": 1},
    ]


async def test_similar_users_are_the_nearest_profiles_with_the_campaigns_they_share(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = (await client.get(f"/users/{dataset.id('ada')}/similar?limit=3")).json()
    vectors = {row["user_id"]: np.array(row["embedding"]) for row in dataset.profiles("user_id")}
    own = vectors.pop(dataset.id("ada"))
    nearest = sorted(vectors, key=lambda user_id: -(vectors[user_id] @ own))[:3]
    assert [user["user_id"] for user in reply["users"]] == nearest
    for user in reply["users"]:
        assert abs(user["similarity"] - vectors[user["user_id"]] @ own) < 1e-3
    [ben] = [user for user in reply["users"] if user["user_id"] == dataset.id("ben")]
    assert ben["shared_campaigns"] == [
        {"campaign_id": dataset.id("boots"), "message_count": 2, "their_message_count": 1},
        {"campaign_id": dataset.id("tents"), "message_count": 1, "their_message_count": 1},
    ]
    assert reply["missing_legs"] == []


async def test_without_the_graph_similar_users_are_still_found(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "neo4j")) as client:
        response = await client.get(f"/users/{dataset.id('ada')}/similar?limit=2")
    assert response.status_code == 200
    assert response.json()["missing_legs"] == ["graph"]
    assert [user["shared_campaigns"] for user in response.json()["users"]] == [[], []]

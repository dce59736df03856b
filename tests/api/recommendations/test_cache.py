"""Which replies are kept, and for which question."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from mpp_api.recommendations import service
from mpp_api.recommendations.schemas import RecommendationItem, RecommendationReply
from mpp_api.replies.cache import Keep
from mpp_api.resilience.leg import Leg
from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from mpp_stores.redis.cache import CacheOutcome, ReplyCache
from tests.api.addresses import without
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import CARDS_END_ON, Dataset


async def test_a_repeated_question_is_answered_with_the_same_bytes(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    first = await client.get(f"/recommendations/{dataset.id('ada')}")
    second = await client.get(f"/recommendations/{dataset.id('ada')}")
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.content == second.content
    assert second.headers["Content-Type"] == "application/json"
    assert float(second.headers["X-Release-Age-Seconds"]) > first.json()["release"]["age_seconds"]


@pytest.mark.parametrize("query", ["limit=3", "exclude_seen=false", "on=9998-12-31"])
async def test_every_input_makes_its_own_question(
    client: httpx.AsyncClient, dataset: Dataset, query: str
) -> None:
    await client.get(f"/recommendations/{dataset.id('ada')}")
    other = await client.get(f"/recommendations/{dataset.id('ada')}?{query}")
    assert other.headers["X-Cache"] == "miss"


async def test_a_campaign_s_last_day_ends_at_midnight_for_kept_replies_too(
    client: httpx.AsyncClient, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime.combine(CARDS_END_ON, time.min, UTC) + timedelta(days=1)

    async def asked(at: datetime) -> tuple[str, bool]:
        monkeypatch.setattr(service, "datetime", Mock(datetime, now=at.astimezone))
        response = await client.get(f"/recommendations/{dataset.id('ada')}?limit=50")
        recommended = [item["campaign_id"] for item in response.json()["items"]]
        return response.headers["X-Cache"], dataset.id("cards") in recommended

    moment = timedelta(microseconds=1)
    assert await asked(midnight - timedelta(minutes=1)) == ("miss", True)
    assert await asked(midnight - moment) == ("hit", True)
    assert await asked(midnight) == ("miss", False)
    assert await asked(midnight + moment) == ("hit", False)


async def test_a_new_release_is_served_at_once(
    api_settings: ApiSettings, dataset: Dataset, request: pytest.FixtureRequest
) -> None:
    settings = api_settings.model_copy(update={"api_release_recheck_seconds": AT_ONCE})
    async with serving(settings) as client:
        before = await client.get(f"/recommendations/{dataset.id('ada')}")
        published: Release = request.getfixturevalue("new_release")
        after = await client.get(f"/recommendations/{dataset.id('ada')}")
    assert after.headers["X-Cache"] == "miss"
    assert after.json()["release"]["release_id"] == published.release_id
    assert before.json()["release"]["release_id"] != published.release_id


async def test_a_reply_that_lacks_a_leg_is_not_kept(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "neo4j")) as client:
        for _ in range(2):
            response = await client.get(f"/recommendations/{dataset.id('ada')}")
            assert response.json()["missing_legs"] == ["graph"]
            assert response.headers["X-Cache"] == "miss"


async def test_without_redis_replies_are_complete_and_say_bypass(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "redis")) as client:
        response = await client.get(f"/recommendations/{dataset.id('ada')}")
    assert response.status_code == 200
    assert response.headers["X-Cache"] == "bypass"
    assert response.json()["missing_legs"] == []


async def test_an_unknown_key_is_a_miss(api_settings: ApiSettings, dataset: Dataset) -> None:
    cache = ReplyCache(api_settings, timeout_seconds=api_settings.api_cache_timeout_seconds)
    assert (await cache.get(dataset.id("key"))).outcome is CacheOutcome.MISS
    await cache.close()


@pytest.mark.parametrize(
    ("changes", "keep"),
    [
        ({}, Keep.FULL),
        ({"known_user": None}, Keep.FULL),
        ({"known_user": False}, Keep.BRIEFLY),
        ({"items": []}, Keep.BRIEFLY),
        ({"missing_legs": [Leg.GRAPH]}, Keep.NOT),
        ({"missing_legs": [Leg.GRAPH], "known_user": False, "items": []}, Keep.NOT),
    ],
    ids=["complete", "of a session", "of nobody known", "empty", "lacks a leg", "lacks all"],
)
def test_a_reply_is_kept_as_long_as_it_is_good_for(changes: dict[str, Any], keep: Keep) -> None:
    complete = {
        "missing_legs": [],
        "known_user": True,
        "items": [RecommendationItem.model_construct()],
    }
    assert service._keep(RecommendationReply.model_construct(**complete | changes)) is keep

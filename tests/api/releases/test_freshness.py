"""Every reply over a release says how old it is, and whether that is too old."""

from datetime import UTC, datetime

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import Dataset
from tests.api.metrics.samples import samples

OVER_RELEASES = (
    "/recommendations/{prefix}ada",
    "/users",
    "/users/{prefix}ada/profile",
    "/users/{prefix}ada/engagement",
    "/users/{prefix}ada/timeline",
    "/users/{prefix}ada/similar",
    "/campaigns",
    "/campaigns/trending",
    "/campaigns/{prefix}lamps",
    "/campaigns/{prefix}lamps/performance",
    "/campaigns/{prefix}lamps/audience",
    "/campaigns/{prefix}lamps/similar",
    "/messages/latest",
    "/messages/{prefix}message-00/provenance",
)


@pytest.mark.parametrize("path", OVER_RELEASES)
async def test_a_reply_says_through_which_day_and_since_when(
    client: httpx.AsyncClient, dataset: Dataset, new_release: Release, path: str
) -> None:
    response = await client.get(path.format(prefix=dataset.prefix))
    release = response.json()["release"]
    assert release["release_id"] == new_release.release_id
    assert release["data_through"] == new_release.data_through.isoformat()
    assert datetime.fromisoformat(release["published_at"]) == new_release.published_at
    assert release["state"] == response.headers["X-Release-State"] == "current"
    waited = (datetime.now(UTC) - new_release.published_at).total_seconds()
    assert 0 <= release["age_seconds"] <= waited
    assert 0 <= float(response.headers["X-Release-Age-Seconds"]) <= waited
    assert "X-Release-Stale" not in response.headers


@pytest.mark.parametrize("path", OVER_RELEASES)
async def test_beyond_the_limit_a_reply_is_marked_stale_also_from_the_cache(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset, path: str
) -> None:
    settings = api_settings.model_copy(update={"api_stale_after_hours": AT_ONCE})
    async with serving(settings) as client:
        replies = [await client.get(path.format(prefix=dataset.prefix)) for _ in range(2)]
    assert [reply.headers["X-Release-Stale"] for reply in replies] == ["true", "true"]


@pytest.mark.parametrize(("limit_hours", "is_stale"), [(30.0, False), (AT_ONCE, True)])
async def test_health_and_metrics_say_whether_the_release_is_stale(
    api_settings: ApiSettings, new_release: Release, limit_hours: float, is_stale: bool
) -> None:
    settings = api_settings.model_copy(update={"api_stale_after_hours": limit_hours})
    async with serving(settings) as client:
        health = (await client.get("/health")).json()
        found = await samples(client)
    assert health["status"] == "ok"
    assert health["release"]["release_id"] == new_release.release_id
    assert health["release"]["data_through"] == new_release.data_through.isoformat()
    assert health["release"]["is_stale"] is is_stale
    assert found["mpp_api_release_stale"] == is_stale
    assert found["mpp_api_release_age_seconds"] >= health["release"]["age_seconds"]

"""What was published, and what each release holds."""

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.postgres.releases import contents, releases
from mpp_stores.records import Release
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.publishing import publish_what_is_complete


async def test_releases_come_published_last_first_and_one_is_served(
    client: httpx.AsyncClient, api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    publish_what_is_complete(api_settings, dataset)
    published = [release.release_id for release in releases(api_settings, limit=3)]
    found = []
    before: dict[str, str] = {}
    for _ in published:
        reply = (await client.get("/releases", params={"limit": 1, **before})).json()
        found += reply["releases"]
        before = {"before": reply["next_before"]}
    assert [release["release_id"] for release in found] == published
    assert [release["is_served"] for release in found].count(True) <= 1
    assert found[1]["release_id"] == new_release.release_id
    assert found[0]["predecessor"] == new_release.release_id


@pytest.mark.parametrize("path", ["/releases/current", "/releases/{}"])
async def test_a_release_says_what_it_holds_and_how_it_ranks(
    client: httpx.AsyncClient, api_settings: ApiSettings, new_release: Release, path: str
) -> None:
    response = await client.get(path.format(new_release.release_id))
    reply = response.json()
    assert reply["release_id"] == new_release.release_id
    assert reply["is_served"] is True
    assert reply["row_counts"] == new_release.row_counts
    assert reply["ranking"] == new_release.ranking
    assert reply["embedding_model"] == new_release.embedding_model
    assert [
        (each["asset"], each["partition"], each["materialization"], each["dagster_run_id"])
        for each in reply["materializations"]
    ] == [
        (each.asset, each.partition, each.materialization, each.dagster_run_id)
        for each in contents(api_settings, new_release.release_id)
    ]


@pytest.mark.parametrize("path", ["/releases/nothing", "/releases?before=nothing"])
async def test_an_unknown_release_is_a_404_problem(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-release"


async def test_before_the_first_release_the_list_is_empty_and_none_is_current(
    empty_settings: ApiSettings,
) -> None:
    async with serving(empty_settings) as client:
        listed = await client.get("/releases")
        current = await client.get("/releases/current")
    assert listed.json() == {"releases": [], "next_before": None}
    assert current.status_code == 503
    assert current.json()["type"] == "urn:problem-type:mpp:no-release"

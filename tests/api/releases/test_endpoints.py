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


async def test_pages_of_materializations_hold_all_that_a_release_serves(
    client: httpx.AsyncClient, api_settings: ApiSettings, new_release: Release
) -> None:
    expected = sorted(
        (each.materialization, each.asset, each.partition, each.dagster_run_id)
        for each in contents(api_settings, new_release.release_id)
    )
    path = f"/releases/{new_release.release_id}/materializations"
    found, query = [], {"limit": max(1, len(expected) // 2), "cursor": ""}
    while query["cursor"] is not None:
        reply = (await client.get(path, params=query)).json()
        assert reply["release_id"] == new_release.release_id
        assert len(reply["materializations"]) <= query["limit"]
        found += reply["materializations"]
        query["cursor"] = reply["next_cursor"]
    names = ("materialization", "asset", "partition", "dagster_run_id")
    assert [tuple(each[name] for name in names) for each in found] == expected
    asset = expected[0][1]
    of_asset = (await client.get(path, params={"asset": asset})).json()["materializations"]
    assert [each["materialization"] for each in of_asset] == [
        number for number, name, *_ in expected if name == asset
    ]


async def test_a_cursor_of_another_asset_is_a_409_problem(
    client: httpx.AsyncClient, new_release: Release
) -> None:
    path = f"/releases/{new_release.release_id}/materializations"
    reply = (await client.get(path, params={"limit": 1})).json()
    query = {"asset": "milvus/messages", "cursor": reply["next_cursor"]}
    response = await client.get(path, params=query)
    assert response.status_code == 409
    assert response.json()["type"] == "urn:problem-type:mpp:list-changed"


@pytest.mark.parametrize(
    "path",
    ["/releases/nothing", "/releases/nothing/materializations", "/releases?before=nothing"],
)
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

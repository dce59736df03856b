import httpx

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.metrics.samples import samples


async def test_requests_are_counted_by_route_template(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    for user in ("ada", "ben"):
        await client.get(f"/recommendations/{dataset.id(user)}")
    await client.get(f"/users/{dataset.id('nobody')}/engagement")
    found = await samples(client)
    counted = 'mpp_api_requests_total{{method="GET",route="{}",status="{}"}}'
    assert found[counted.format("/recommendations/{user_id}", 200)] == 2
    assert found[counted.format("/users/{user_id}/engagement", 404)] == 1


async def test_no_label_holds_an_id_or_an_unknown_path(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    await client.get(f"/recommendations/{dataset.id('ada')}")
    await client.get(f"/{dataset.id('path')}")
    await client.request("BREW", "/health")
    response = await client.get("/metrics")
    assert dataset.prefix not in response.text
    assert "BREW" not in response.text
    assert 'route="unmatched"' in response.text


async def test_legs_and_cache_results_are_counted(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    for _ in range(3):
        await client.get(f"/recommendations/{dataset.id('ada')}")
    found = await samples(client)
    assert found['mpp_api_cache_results_total{result="miss"}'] == 1
    assert found['mpp_api_cache_results_total{result="hit"}'] == 2
    for leg in ("vector", "table", "document"):
        assert found[f'mpp_api_leg_seconds_count{{leg="{leg}",outcome="answered"}}'] == 1
    assert found["mpp_api_degraded_replies_total"] == 0
    assert found["mpp_api_release_age_seconds"] >= 0


async def test_degraded_replies_are_counted(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "milvus")) as client:
        await client.get(f"/recommendations/{dataset.id('ada')}")
        found = await samples(client)
    assert found["mpp_api_degraded_replies_total"] == 1
    assert found['mpp_api_leg_seconds_count{leg="vector",outcome="failed"}'] == 1


async def test_metrics_are_served_before_the_first_release(empty_settings: ApiSettings) -> None:
    async with serving(empty_settings) as client:
        response = await client.get("/metrics")
    assert "mpp_api_release_age_seconds NaN" in response.text
    assert "mpp_api_release_stale NaN" in response.text

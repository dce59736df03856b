from http import HTTPStatus

import httpx
from prometheus_client.parser import text_string_to_metric_families as families

from mpp_api.metrics.service import STORES
from mpp_api.resilience.legs import Leg
from mpp_api.settings import ApiSettings
from mpp_stores.feedback_kind import FeedbackKind
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
    def answered(found: dict[str, float]) -> dict[str, float]:
        counted = 'mpp_api_leg_seconds_count{{leg="{}",outcome="answered"}}'
        return {leg: found[counted.format(leg)] for leg in ("vector", "graph", "table", "document")}

    await client.get(f"/recommendations/{dataset.id('ada')}")
    computed = await samples(client)
    for _ in range(2):
        await client.get(f"/recommendations/{dataset.id('ada')}")
    found = await samples(client)
    assert found['mpp_api_cache_results_total{result="miss"}'] == 1
    assert found['mpp_api_cache_results_total{result="hit"}'] == 2
    assert answered(found) == answered(computed)
    assert min(answered(found).values()) >= 1
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


async def test_every_label_has_a_fixed_set_of_values(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    """Whatever is asked: of somebody known or unknown, in a wrong way, or of nothing at all."""
    ada, nobody = dataset.id("ada"), dataset.id("nobody")
    for path in (f"/recommendations/{ada}", f"/users/{nobody}/profile", f"/{nobody}", "/explorer"):
        for method in ("GET", "HEAD", "BREW"):
            await client.request(method, path)
    await client.get("/explorer/static/main.js")
    await client.get(f"/recommendations/{ada}", headers={"X-API-Key": nobody})
    await client.post("/feedback", json={"user_id": ada, "campaign_id": ada, "kind": nobody})
    await client.post("/events", json=[{"user_id": nobody}])
    openapi = (await client.get("/openapi.json")).json()
    routes = {
        *openapi["paths"],
        "/openapi.json",
        "/docs",
        "/docs/static",
        "/explorer/static",
        "unmatched",
    }
    allowed = {
        "method": {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"},
        "route": routes,
        "status": {str(int(status)) for status in HTTPStatus},
        "leg": set(Leg),
        "store": set(STORES),
        "kind": set(FeedbackKind),
        "outcome": {"answered", "failed", "stored", "dropped"}
        | {"accepted", "rejected", "recorded", "repeated"},
        "result": {"hit", "miss", "bypass"},
        "reason": {"key", "role", "rate", "size"},
    }
    text = (await client.get("/metrics")).text
    found = [sample for family in families(text) for sample in family.samples]
    labels = {label for sample in found for label in sample.labels.items() if label[0] in allowed}
    assert {name for name, _ in labels} == set(allowed)
    assert [(name, value) for name, value in labels if value not in allowed[name]] == []
    others = {name for sample in found for name in sample.labels} - set(allowed)
    assert others == {"le", "version", "python"}


async def test_counters_are_there_before_anything_happens(empty_settings: ApiSettings) -> None:
    async with serving(empty_settings) as client:
        found = await samples(client)
    assert found['mpp_api_exposures_total{outcome="dropped"}'] == 0
    assert found['mpp_api_refused_requests_total{reason="rate"}'] == 0
    assert found['mpp_api_store_breaker_state{store="redis"}'] == 0
    assert found["process_resident_memory_bytes"] > 0
    assert any(name.startswith("mpp_api_build_info{") for name in found)

import asyncio

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import without
from tests.api.conftest import losing_postgres, serving

STORES = ("milvus", "neo4j", "postgres", "mongo", "redis")


async def test_every_store_is_named_and_ok(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")
    reply = response.json()
    assert response.status_code == 200
    assert reply["status"] == "ok"
    assert set(reply["stores"]) == set(STORES)
    for store in reply["stores"].values():
        assert store["status"] == "ok"
        assert store["latency_ms"] > 0
        assert store["error"] is None


async def test_one_check_answers_all_who_ask_while_it_is_good(api_settings: ApiSettings) -> None:
    settings = api_settings.model_copy(update={"api_release_recheck_seconds": 3_600})
    async with serving(settings) as client:
        at_once = await asyncio.gather(*(client.get("/health") for _ in range(20)))
        later = await client.get("/health")
    assert later.json()["status"] == "ok"
    assert {response.text for response in at_once} == {later.text}


@pytest.mark.parametrize("store", ["milvus", "neo4j", "mongo", "redis"])
async def test_a_store_that_is_down_is_named_and_the_rest_is_degraded(
    api_settings: ApiSettings, store: str
) -> None:
    async with serving(without(api_settings, store)) as client:
        response = await client.get("/health")
    reply = response.json()
    assert response.status_code == 200
    assert reply["status"] == "degraded"
    assert [name for name, found in reply["stores"].items() if found["status"] == "down"] == [store]
    assert reply["stores"][store]["error"] == "StoreUnavailable"


async def test_without_the_serving_stores_the_service_is_down(api_settings: ApiSettings) -> None:
    async with serving(without(api_settings, "milvus", "neo4j", "postgres")) as client:
        response = await client.get("/health")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["status"] == "down"
    assert response.json()["stores"]["redis"]["status"] == "ok"


async def test_without_postgres_from_the_start_the_service_is_down(
    api_settings: ApiSettings,
) -> None:
    async with serving(without(api_settings, "postgres")) as client:
        response = await client.get("/health")
    assert response.status_code == 503
    assert response.json()["status"] == "down"
    assert response.json()["release"] is None


async def test_when_postgres_is_lost_the_last_known_release_is_shown(
    api_settings: ApiSettings, new_release: Release
) -> None:
    async with losing_postgres(api_settings) as client:
        response = await client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["stores"]["postgres"]["error"] == "StoreUnavailable"
    assert response.json()["release"]["release_id"] == new_release.release_id
    assert response.json()["release"]["state"] == "last-known"


async def test_before_the_first_release_the_stores_are_ok(empty_settings: ApiSettings) -> None:
    async with serving(empty_settings) as client:
        response = await client.get("/health")
    assert response.status_code == 200
    assert response.json()["release"] is None


async def test_health_tells_no_address(api_settings: ApiSettings) -> None:
    async with serving(without(api_settings, *STORES)) as client:
        response = await client.get("/health")
    assert "127.0.0.1" not in response.text
    assert "://" not in response.text

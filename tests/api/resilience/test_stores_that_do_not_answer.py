"""Whatever one or two stores do, a reply comes, within its time and without them.

Nothing here times a reply. Hanging is the subject: a reply that waited for a store would
never come, and `PATIENCE` is many times a reply's time.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Hashable,
    Sequence,
)
from contextlib import asynccontextmanager
from itertools import combinations
from typing import Any, TypeVar

import httpx
import pytest

from mpp_api.dependencies import get_embedder
from mpp_api.main import create_app
from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from mpp_stores.redis.cache import DEFAULT_TIMEOUT_SECONDS
from tests.api.addresses import through_proxies
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts
from tests.proxy import Proxy

PATIENCE = 60.0
MISSING = {"milvus": "vector", "neo4j": "graph", "postgres": "table", "mongo": "document"}
STORES = [*MISSING, "redis"]
ASK_NO_STORE = {"/metrics", "/explorer"}

Case = TypeVar("Case", bound=Hashable)
Found = TypeVar("Found")
Misbehave = Callable[[Proxy], Awaitable[None]]


@pytest.fixture
def waiting(api_settings: ApiSettings) -> ApiSettings:
    """Stores have time to answer on a busy machine, and for two of them to be waited for."""
    return api_settings.model_copy(
        update={
            "api_deadline_ms": 15_000,
            "api_leg_timeout_seconds": 3.0,
            "api_cache_timeout_seconds": DEFAULT_TIMEOUT_SECONDS,
            "api_breaker_failures": 1_000,
        }
    )


@asynccontextmanager
async def warm(
    settings: ApiSettings, stores: tuple[str, ...], dataset: Dataset, number: int = 1
) -> AsyncIterator[tuple[httpx.AsyncClient, list[Proxy]]]:
    """A service that has answered completely, through connections that it keeps. `number` tells
    it from others at the same time, which would find its replies in the cache."""
    async with (
        through_proxies(settings, stores) as (proxied, proxies),
        serving(proxied) as client,
    ):
        await complete(client, dataset, "ben", limit=number)
        yield client, list(proxies.values())


async def asked(
    client: httpx.AsyncClient, dataset: Dataset, user: str, **query: int
) -> httpx.Response:
    async with asyncio.timeout(PATIENCE):
        return await client.get(f"/recommendations/{dataset.id(user)}", params=query)


async def complete(
    client: httpx.AsyncClient, dataset: Dataset, user: str, **query: int
) -> httpx.Response:
    """Asks until no leg is missing."""
    async with asyncio.timeout(PATIENCE):
        while True:
            response = await asked(client, dataset, user, **query)
            if response.json().get("missing_legs") == []:
                return response
            await asyncio.sleep(0.05)


async def at_once(
    observed: Callable[[int, Case], Coroutine[Any, Any, Found]], cases: Sequence[Case]
) -> dict[Case, Found]:
    """What was observed in each case. They wait for each other: when one fails, all end."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            case: group.create_task(observed(number, case))
            for number, case in enumerate(cases, start=1)
        }
    return {case: task.result() for case, task in tasks.items()}


@pytest.mark.parametrize(
    "misbehave",
    [Proxy.hang, Proxy.lose_connections, Proxy.delay, Proxy.refuse],
    ids=["hangs", "loses its connections", "is slow", "refuses"],
)
async def test_a_reply_names_the_store_that_misbehaves_and_is_complete_when_it_is_back(
    waiting: ApiSettings, new_release: Release, dataset: Dataset, misbehave: Misbehave
) -> None:
    all_ask = asyncio.Barrier(len(STORES))

    async def observed(number: int, store: str) -> tuple[int, list[str], str]:
        async with warm(waiting, (store,), dataset, number) as (client, (proxy,)):
            await all_ask.wait()
            await misbehave(proxy)
            without = await asked(client, dataset, "ada")
            await all_ask.wait()
            await proxy.pass_on()
            await complete(client, dataset, "cid", limit=number)
        reply = without.json()
        return without.status_code, reply["missing_legs"], reply["strategy"]

    found = await at_once(observed, STORES)
    expected = {store: (200, [leg], "hybrid") for store, leg in MISSING.items()}
    assert found == expected | {"redis": (200, [], "hybrid")}


async def test_a_reply_comes_whichever_two_stores_hang(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    pairs = list(combinations(STORES, 2))
    all_ask = asyncio.Barrier(len(pairs))

    async def observed(number: int, pair: tuple[str, str]) -> tuple[int, set[str]]:
        async with warm(waiting, pair, dataset, number) as (client, proxies):
            await all_ask.wait()
            for proxy in proxies:
                await proxy.hang()
            response = await asked(client, dataset, "ada")
            for proxy in proxies:
                await proxy.pass_on()
        return response.status_code, set(response.json()["missing_legs"])

    found = await at_once(observed, pairs)
    # No message is cited without Milvus, so that MongoDB is not asked.
    expected = {
        pair: (200, {MISSING[store] for store in pair if store in MISSING}) for pair in pairs
    } | {("milvus", "mongo"): (200, {"vector"})}
    assert found == expected


async def test_the_reply_does_not_wait_longer_than_its_deadline_however_long_a_leg_may_take(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    patient = waiting.model_copy(
        update={"api_leg_timeout_seconds": 10 * PATIENCE, "api_deadline_ms": 2_000}
    )
    async with warm(patient, ("milvus", "neo4j"), dataset) as (client, proxies):
        for proxy in proxies:
            await proxy.hang()
        response = await asked(client, dataset, "ada")
        for proxy in proxies:
            await proxy.pass_on()
    assert response.status_code == 200
    assert response.json()["missing_legs"] == ["vector", "graph"]
    assert response.json()["items"]


async def test_a_slow_redis_is_waited_for_as_long_as_the_settings_say(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with warm(api_settings, ("redis",), dataset) as (client, (redis,)):
        await redis.delay(DEFAULT_TIMEOUT_SECONDS)
        response = await asked(client, dataset, "ada")
    assert response.headers["X-Cache"] == "miss"


async def test_when_every_store_hangs_what_the_release_says_is_trending_comes_in_time(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with warm(waiting, tuple(STORES), dataset) as (client, proxies):
        for proxy in proxies:
            await proxy.hang()
        response = await asked(client, dataset, "ada")
        for proxy in proxies:
            await proxy.pass_on()
    assert response.status_code == 200
    assert response.json()["missing_legs"] == ["vector", "graph", "table"]
    assert response.json()["strategy"] == "trending"
    assert response.json()["items"]


async def test_every_path_is_answered_in_time_while_every_store_hangs(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    """Those that only one store can answer by a 503, the others by what the release says."""
    settings = waiting.model_copy(update={"api_release_recheck_seconds": AT_ONCE})
    ids = {
        "user_id": dataset.id("ada"),
        "campaign_id": dataset.id("boots"),
        "message_id": dataset.messages[0]["message_id"],
        "release_id": new_release.release_id,
        "erasure_id": "any",
    }
    queries = {"/messages/search": {"q": dataset.messages[0]["text"]}}
    paths = [
        path.format(**ids)
        for path, operations in create_app(waiting).openapi()["paths"].items()
        if "get" in operations and path not in ASK_NO_STORE
    ]
    embedder = KnownTexts(dataset)

    async def answered(client: httpx.AsyncClient, path: str) -> httpx.Response:
        async with asyncio.timeout(PATIENCE):
            return await client.get(path, params=queries.get(path))

    async with (
        through_proxies(settings, STORES) as (proxied, proxies),
        serving(proxied, {get_embedder: lambda: embedder}) as client,
    ):
        before = await asyncio.gather(*(answered(client, path) for path in paths))
        for proxy in proxies.values():
            await proxy.hang()
        replies = await asyncio.gather(*(answered(client, path) for path in paths))
        for proxy in proxies.values():
            await proxy.pass_on()
    answers = dict(zip(paths, replies, strict=True))
    unavailable = [path for path, reply in answers.items() if reply.status_code == 503]
    assert {reply.status_code for reply in before} == {200, 404}
    assert {reply.status_code for reply in replies} == {200, 503}
    assert all(answers[path].headers["Retry-After"] for path in unavailable)
    assert set(paths) - set(unavailable) == {
        path.format(**ids)
        for path in (
            "/recommendations/{user_id}",
            "/campaigns",
            "/campaigns/trending",
            "/campaigns/{campaign_id}",
            "/campaigns/{campaign_id}/performance",
            "/releases/current",
        )
    }
    assert answers[f"/recommendations/{ids['user_id']}"].json()["missing_legs"]


async def test_a_postgres_that_hangs_when_asked_for_the_release_leaves_time_for_the_others(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    settings = waiting.model_copy(update={"api_release_recheck_seconds": AT_ONCE})
    async with warm(settings, ("postgres",), dataset) as (client, (postgres,)):
        await postgres.hang()
        response = await asked(client, dataset, "ada")
        await postgres.pass_on()
    assert response.status_code == 200
    assert response.headers["X-Release-State"] == "last-known"
    assert response.json()["missing_legs"] == ["table"]
    assert response.json()["strategy"] == "hybrid"


async def test_a_postgres_that_hangs_from_the_start_is_a_problem_in_time(
    waiting: ApiSettings, dataset: Dataset
) -> None:
    async with (
        through_proxies(waiting, ["postgres"]) as (proxied, proxies),
        serving(proxied) as client,
    ):
        await proxies["postgres"].hang()
        response = await asked(client, dataset, "ada")
        await proxies["postgres"].pass_on()
    assert response.status_code == 503
    assert response.json()["type"] == "urn:problem-type:mpp:release-unknown"


async def test_a_store_left_alone_is_used_again_when_it_is_back_without_a_restart(
    waiting: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    settings = waiting.model_copy(update={"api_breaker_failures": 1, "api_breaker_seconds": 0.2})
    async with warm(settings, ("neo4j",), dataset) as (client, (neo4j,)):
        await neo4j.refuse()
        failed = await asked(client, dataset, "ada")
        left_alone = await asked(client, dataset, "ada")
        metrics = (await client.get("/metrics")).text
        await neo4j.pass_on()
        await complete(client, dataset, "cid")
        metrics_afterwards = (await client.get("/metrics")).text
    assert failed.json()["missing_legs"] == left_alone.json()["missing_legs"] == ["graph"]
    assert 'mpp_api_store_breaker_state{store="neo4j"} 1.0' in metrics
    assert 'mpp_api_store_breaker_state{store="milvus"} 0.0' in metrics
    assert 'mpp_api_store_breaker_state{store="neo4j"} 0.0' in metrics_afterwards

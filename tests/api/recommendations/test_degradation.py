"""Each store in turn is really unreachable; the reply does without and says so."""

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import free_port, postgres_also_at, postgres_at, without
from tests.api.conftest import AT_ONCE, losing_postgres, serving
from tests.api.dataset import Dataset


@pytest.mark.parametrize(
    ("store", "leg", "empty_parts"),
    [
        ("milvus", "vector", {"similar_users", "messages", "topic"}),
        ("neo4j", "graph", {"similar_users", "graph"}),
        ("mongo", "document", set()),
    ],
)
@pytest.mark.usefixtures("new_release")
async def test_without_one_store_the_others_answer(
    api_settings: ApiSettings,
    dataset: Dataset,
    store: str,
    leg: str,
    empty_parts: set[str],
) -> None:
    async with serving(without(api_settings, store)) as client:
        response = await client.get(f"/recommendations/{dataset.id('ada')}")
    reply = response.json()
    assert response.status_code == 200
    assert reply["missing_legs"] == [leg]
    assert reply["strategy"] == "hybrid"
    assert reply["known_user"] is True
    items = {item["campaign_id"]: item for item in reply["items"]}
    assert not {dataset.id("boots"), dataset.id("tents")} & set(items)
    parts = items[dataset.id("lamps")]["score_parts"]
    assert {part["name"] for part in parts if part["value"] == 0} == empty_parts


@pytest.mark.usefixtures("new_release")
async def test_without_explanations_mongodb_is_not_missed(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "mongo")) as client:
        response = await client.get(
            f"/recommendations/{dataset.id('ada')}", params={"explain": False}
        )
    assert response.json()["missing_legs"] == []
    assert {item["explanation"] for item in response.json()["items"]} == {None}


@pytest.mark.parametrize("path", ["/recommendations/ada", "/users/ada/engagement"])
async def test_without_postgres_from_the_start_nothing_says_what_is_published(
    api_settings: ApiSettings, path: str
) -> None:
    async with serving(without(api_settings, "postgres")) as client:
        response = await client.get(path)
    assert_unavailable(response)
    assert response.json()["type"] == "urn:problem-type:mpp:release-unknown"


async def test_when_postgres_is_lost_the_last_known_release_is_served_and_marked(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    port = free_port()
    settings = postgres_at(api_settings, host="127.0.0.1", port=port).model_copy(
        update={"api_release_recheck_seconds": AT_ONCE}
    )
    async with serving(settings) as client:
        async with postgres_also_at(port, api_settings):
            complete = await client.get(f"/recommendations/{dataset.id('ada')}")
        kept = await client.get(f"/recommendations/{dataset.id('ada')}")
        degraded = await client.get(f"/recommendations/{dataset.id('ben')}")
        async with postgres_also_at(port, api_settings):
            again = await client.get(f"/recommendations/{dataset.id('ben')}")
    assert kept.headers["X-Cache"] == "hit"
    assert kept.headers["X-Release-State"] == "last-known"
    assert kept.content == complete.content
    assert degraded.json()["missing_legs"] == ["table"]
    assert degraded.json()["strategy"] == "hybrid"
    assert degraded.json()["known_user"] is True
    for item in degraded.json()["items"]:
        parts = {part["name"]: part["value"] for part in item["score_parts"]}
        assert parts["performance"] > 0
    assert degraded.json()["release"]["release_id"] == new_release.release_id
    assert degraded.json()["release"]["state"] == "last-known"
    assert again.json()["missing_legs"] == []
    assert again.json()["release"]["state"] == "current"


async def test_without_milvus_and_neo4j_known_users_get_unseen_trending_campaigns(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "milvus", "neo4j")) as client:
        response = await client.get(f"/recommendations/{dataset.id('ada')}")
    reply = response.json()
    assert reply["strategy"] == "trending"
    assert reply["known_user"] is True
    assert reply["missing_legs"] == ["vector", "graph"]
    assert {item["campaign_id"] for item in reply["items"]} == {
        dataset.id(campaign) for campaign in ("cards", "stoves", "lamps", "maps")
    }


async def test_a_user_nobody_knows_is_not_called_unknown_while_a_store_is_missing(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "milvus")) as client:
        response = await client.get(f"/recommendations/{dataset.id('nobody')}")
    assert response.json()["strategy"] == "trending"
    assert response.json()["known_user"] is None


@pytest.mark.parametrize(
    ("user", "missing_legs"), [("nobody", ["table"]), (None, [])], ids=["unknown", "anonymous"]
)
async def test_without_postgres_strangers_get_what_is_trending(
    api_settings: ApiSettings,
    new_release: Release,
    dataset: Dataset,
    user: str | None,
    missing_legs: list[str],
) -> None:
    """No other store knows how campaigns perform: the release was read with it."""
    question = {"user_id": user and dataset.id(user)}
    async with serving(api_settings) as client:
        complete = await client.post("/recommendations", json=question)
    async with losing_postgres(without(api_settings, "redis")) as client:
        response = await client.post("/recommendations", json=question)
    assert response.json()["strategy"] == "trending"
    assert response.json()["missing_legs"] == missing_legs
    assert response.json()["items"] == complete.json()["items"]


@pytest.mark.parametrize(
    ("missing", "strategy"),
    [(("neo4j",), "hybrid"), (("milvus", "neo4j", "mongo", "redis"), "trending")],
)
async def test_what_nobody_can_say_of_the_user_is_not_stated(
    api_settings: ApiSettings,
    new_release: Release,
    dataset: Dataset,
    missing: tuple[str, ...],
    strategy: str,
) -> None:
    """What ada engaged with is in Postgres and Neo4j."""
    async with losing_postgres(without(api_settings, *missing)) as client:
        response = await client.get(f"/recommendations/{dataset.id('ada')}")
        ranked = await client.get(
            f"/recommendations/{dataset.id('ada')}", params={"exclude_seen": False}
        )
    reply = response.json()
    assert reply["strategy"] == strategy
    assert dataset.id("boots") in {item["campaign_id"] for item in reply["items"]}
    assert {item["already_engaged"] for item in reply["items"]} == {None}
    assert "engaged with is not known and may be listed" in reply["notice"]
    assert "dismissed is not known and may be listed" in reply["notice"]
    assert "engaged" not in ranked.json()["notice"]


@pytest.mark.usefixtures("new_release")
async def test_a_list_that_could_not_be_made_diverse_does_not_say_that_it_is(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(without(api_settings, "milvus")) as client:
        response = await client.get(
            f"/recommendations/{dataset.id('ada')}", params={"diversity": 0.7}
        )
    assert response.json()["items"]
    assert response.json()["diversity"] == 0


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in response.text

"""A reply is read from one release, whatever else is written or published."""

import asyncio
from typing import Any

import httpx
from fastapi import Request

from mpp_api.dependencies import get_release
from mpp_api.releases.served import ServedRelease
from mpp_api.settings import ApiSettings
from mpp_stores.postgres.materializations import begin
from mpp_stores.postgres.releases import current_release, rollback
from mpp_stores.records import Release
from mpp_stores.targets import TARGETS
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.publishing import materialize, publish_what_is_complete

Reply = dict[str, Any]


def released(settings: ApiSettings) -> Release:
    release = current_release(settings)
    assert release is not None
    return release


def second_round(dataset: Dataset) -> Dataset:
    return Dataset(dataset.prefix, rounds=2)


async def recommended(client: httpx.AsyncClient, dataset: Dataset) -> Reply:
    response = await client.get(f"/recommendations/{dataset.id('ada')}")
    assert response.status_code == 200, response.text
    reply: Reply = response.json()
    assert reply["missing_legs"] == []
    return reply


async def lamps_and_ada(client: httpx.AsyncClient, dataset: Dataset) -> tuple[Reply, Reply]:
    performance = await client.get(f"/campaigns/{dataset.id('lamps')}/performance")
    engagement = await client.get(f"/users/{dataset.id('ada')}/engagement")
    return performance.json(), engagement.json()


def rounds_in(reply: Reply, dataset: Dataset) -> set[float]:
    """Of how many rounds the evidence about lamps tells, store by store."""
    lamps = dataset.id("lamps")
    item = reply["items"][0]
    assert item["campaign_id"] == lamps
    evidence = item["explanation"]
    walk = evidence["graph"]
    counts_of_one_round = {
        (row["user_id"], row["campaign_id"]): row["message_count"] for row in dataset.engagement()
    }
    messages_of_one_round = {message["message_id"] for message in dataset.messages}
    cited = {message["message_id"] for message in evidence["messages"]}
    return {
        *(
            user["message_count"] / counts_of_one_round[user["user_id"], lamps]
            for user in evidence["similar_users"]
        ),
        walk["message_counts"][2] / counts_of_one_round[walk["path"][4], lamps],
        evidence["performance"]["message_count"] / 4,
        1 if cited <= messages_of_one_round else 2,
        *(int(message["source"]["batch"][-1]) for message in evidence["messages"]),
    }


async def test_a_request_keeps_its_release_when_another_is_published_meanwhile(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    first = released(own_settings)

    async def overtaken(request: Request) -> ServedRelease:
        served = await get_release(request)
        if released(own_settings) == first:
            await asyncio.to_thread(materialize, own_settings, second_round(own_dataset))
            await asyncio.to_thread(publish_what_is_complete, own_settings, own_dataset)
        return served

    async with serving(without(own_settings, "redis"), {get_release: overtaken}) as client:
        during = await recommended(client, own_dataset)
        after = await recommended(client, own_dataset)
    assert during["release"]["release_id"] == first.release_id
    assert rounds_in(during, own_dataset) == {1}
    assert after["release"]["release_id"] == released(own_settings).release_id
    assert rounds_in(after, own_dataset) == {2}


async def test_after_a_rollback_the_earlier_release_is_served_with_its_cached_replies(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    first = released(own_settings)
    async with serving(own_settings) as client:
        before = await client.get(f"/recommendations/{own_dataset.id('ada')}")
        tables_before = await lamps_and_ada(client, own_dataset)
        await asyncio.to_thread(materialize, own_settings, second_round(own_dataset))
        second = publish_what_is_complete(own_settings, own_dataset)
        between = await recommended_over(second, client, own_dataset)
        rollback(own_settings, first.release_id)
        after = await client.get(f"/recommendations/{own_dataset.id('ada')}")
        tables_after = await lamps_and_ada(client, own_dataset)
    async with serving(without(own_settings, "redis")) as client:
        computed = await recommended(client, own_dataset)
    assert rounds_in(between, own_dataset) == {2}
    assert (after.headers["X-Cache"], after.content) == ("hit", before.content)
    assert computed["items"] == before.json()["items"]
    assert [ageless(reply) for reply in tables_after] == [ageless(reply) for reply in tables_before]


async def recommended_over(release: Release, client: httpx.AsyncClient, dataset: Dataset) -> Reply:
    """A busy machine can be late to see what is published."""
    async with asyncio.timeout(30):
        while True:
            reply = await recommended(client, dataset)
            if reply["release"]["release_id"] == release.release_id:
                return reply


async def test_rows_of_a_run_that_failed_are_never_served(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    async with serving(without(own_settings, "redis")) as client:
        before = await recommended(client, own_dataset)
        tables_before = await lamps_and_ada(client, own_dataset)
        await asyncio.to_thread(materialize, own_settings, second_round(own_dataset))
        for asset in TARGETS:
            begin(own_settings, asset=asset, partitions=[""], dagster_run_id="failed")
        after = await recommended(client, own_dataset)
        tables_after = await lamps_and_ada(client, own_dataset)
    assert after["items"] == before["items"]
    assert [ageless(reply) for reply in tables_after] == [ageless(reply) for reply in tables_before]


def ageless(reply: Reply) -> Reply:
    return reply | {"release": reply["release"] | {"age_seconds": None}}

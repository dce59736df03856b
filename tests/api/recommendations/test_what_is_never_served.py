"""Campaigns that do not run, and those the user dismissed."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Release
from tests.api.conftest import losing_postgres, serving
from tests.api.dataset import CARDS_END_ON, UNSERVED_PERFORMANCE_SCORES, Dataset
from tests.api.publishing import publish_what_is_complete


def campaigns(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    return {item["campaign_id"] for item in response.json()["items"]}


@pytest.mark.parametrize("question", [{}, {"user_id": "ada"}, {"user_id": "fay"}])
async def test_campaigns_that_do_not_run_are_not_listed_however_well_they_do(
    client: httpx.AsyncClient, dataset: Dataset, question: dict[str, Any]
) -> None:
    not_running = {dataset.id(name) for name in (*UNSERVED_PERFORMANCE_SCORES, "kites")}
    asked = {name: dataset.id(value) for name, value in question.items()}
    for options in ({"exclude_seen": False}, {"include_ids": sorted(not_running)}):
        response = await client.post("/recommendations", json=asked | options)
        assert not campaigns(response) & not_running
    assert response.json()["items"] == []


async def test_campaigns_that_do_not_run_on_the_day_asked_about_are_not_listed(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    listed = {}
    for day in (CARDS_END_ON, CARDS_END_ON + timedelta(days=1)):
        response = await client.get(f"/recommendations/{dataset.id('ada')}", params={"on": day})
        assert response.json()["on"] == day.isoformat()
        listed[day] = campaigns(response)
    on_the_last_day, after = listed.values()
    assert on_the_last_day - after == {dataset.id("cards")}


async def test_what_has_ended_is_not_listed_for_a_day_on_which_it_ran(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    question = {"user_id": dataset.id("dot"), "exclude_seen": False}
    response = await client.post("/recommendations", json=question | {"on": "1999-09-01"})
    today = await client.post("/recommendations", json=question)
    assert dataset.id("parasols") not in campaigns(response)
    assert response.json()["on"] == today.json()["on"] > "1999-09-01"


@pytest.mark.parametrize("day", ["1999-9-1", "1999-09-31", "1999-09-01T00:00:00", "0", 0, 10.5])
async def test_what_is_no_day_is_refused_by_name(client: httpx.AsyncClient, day: object) -> None:
    response = await client.post("/recommendations", json={"on": day})
    assert response.status_code == 422
    assert [error["name"] for error in response.json()["errors"]] == ["on"]


async def test_what_ended_is_not_served_while_postgres_is_down(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    async with losing_postgres(api_settings) as client:
        response = await client.get(
            f"/recommendations/{dataset.id('dot')}", params={"exclude_seen": False}
        )
    assert response.json()["missing_legs"] == ["table"]
    assert "dismissed" in response.json()["notice"]
    assert dataset.id("cards") in campaigns(response)
    assert not campaigns(response) & {dataset.id(name) for name in UNSERVED_PERFORMANCE_SCORES}


async def dismiss(client: httpx.AsyncClient, user_id: str, campaign_id: str) -> None:
    response = await client.post(
        "/feedback",
        json={
            "request_id": "0" * 32,
            "user_id": user_id,
            "campaign_id": campaign_id,
            "kind": "dismiss",
        },
    )
    assert response.is_success, response.text


async def test_a_next_page_of_which_all_was_dismissed_says_that_nothing_follows(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    user_id = dataset.id("dismissive too")
    path = f"/recommendations/{user_id}"
    [*first, last] = (await client.get(path)).json()["items"]
    page = (await client.get(path, params={"limit": len(first)})).json()
    await dismiss(client, user_id, last["campaign_id"])
    second = (await client.get(path, params={"cursor": page["next_cursor"]})).json()
    assert (second["items"], second["notice"]) == ([], "nothing follows the page before")


async def test_a_dismissed_campaign_is_gone_from_the_next_page_and_moves_no_other(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    user_id = dataset.id("dismissive")
    path = f"/recommendations/{user_id}"
    before = (await client.get(path)).json()["items"]
    first = (await client.get(path, params={"limit": 2})).json()
    dismissed = before[3]["campaign_id"]
    await dismiss(client, user_id, dismissed)
    second = await client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})
    after = (await client.get(path)).json()["items"]
    left = [item["campaign_id"] for item in before if item["campaign_id"] != dismissed]
    assert [item["campaign_id"] for item in after] == left
    assert [item["campaign_id"] for item in second.json()["items"]] == left[2:4]
    alone = (await client.get(path, params={"include_ids": dismissed})).json()
    assert alone["items"] == []
    assert alone["notice"] == "the user dismissed every candidate campaign that could be listed"


async def test_messages_about_what_does_not_run_take_no_other_s_place(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    """The two messages of others that are nearest to dot are about campaigns that do not run."""
    narrow = RankingConfiguration(nearest_messages=1)
    publish_what_is_complete(api_settings, dataset, narrow)
    async with serving(api_settings) as client:
        response = await client.get(
            f"/recommendations/{dataset.id('dot')}", params={"exclude_seen": False}
        )
    publish_what_is_complete(api_settings, dataset)
    cited = [
        (item["campaign_id"], len(item["explanation"]["messages"]))
        for item in response.json()["items"]
        if item["explanation"]["messages"]
    ]
    assert cited == [(dataset.id("cards"), 1)]

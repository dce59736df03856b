"""The newest messages, and where each came from."""

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.postgres.releases import contents
from mpp_stores.records import Release
from tests.api.dataset import Dataset
from tests.api.pages import pages


@pytest.mark.parametrize("limit", [3, 100])
async def test_the_latest_messages_go_back_over_the_days_and_each_comes_once(
    client: httpx.AsyncClient, dataset: Dataset, limit: int
) -> None:
    found = await pages(client, "/messages/latest", "messages", limit=limit)
    sent = [row["message_id"] for row in reversed(dataset.messages)]
    assert [message["message_id"] for page in found for message in page] == sent
    assert {len(page) for page in found[:-1]} <= {limit}
    newest = dataset.messages[-1]
    assert found[0][0]["text"] == newest["text"]
    assert found[0][0]["source"] == {"batch": newest["batch"], "position": newest["position"]}


async def test_provenance_names_the_file_and_each_store_s_materialization_of_the_day(
    client: httpx.AsyncClient, api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    message = dataset.messages[4]
    reply = (await client.get(f"/messages/{message['message_id']}/provenance")).json()
    assert reply["source"] == {"batch": message["batch"], "position": message["position"]}
    assert reply["event_day"] == message["event_day"].isoformat()
    expected = {
        each.asset: (each.materialization, each.dagster_run_id)
        for each in contents(api_settings, new_release.release_id)
        if each.partition in ("", message["event_day"].isoformat())
    }
    assert {"milvus/messages", "neo4j/messages", "mongo/conversations"} < expected.keys()
    assert {
        each["asset"]: (each["materialization"], each["dagster_run_id"])
        for each in reply["materializations"]
    } == expected


async def test_an_unknown_message_is_a_404_problem(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    response = await client.get(f"/messages/{dataset.id('nothing')}/provenance")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-message"

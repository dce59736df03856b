import httpx

from tests.api.dataset import PERFORMANCE_SCORES, Dataset


async def test_performance_is_the_stored_row(client: httpx.AsyncClient, dataset: Dataset) -> None:
    stored = {row["campaign_id"]: row for row in dataset.performances()}
    response = await client.get(f"/campaigns/{dataset.id('lamps')}/performance")
    reply = response.json()
    assert response.status_code == 200
    assert reply["performance_score"] == PERFORMANCE_SCORES["lamps"]
    for column in ("message_count", "user_count", "active_days", "recent_message_count"):
        assert reply[column] == stored[dataset.id("lamps")][column]


async def test_an_unknown_campaign_is_a_404_problem_that_names_the_campaign(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    response = await client.get(f"/campaigns/{dataset.id('nothing')}/performance")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert dataset.id("nothing") in response.json()["detail"]

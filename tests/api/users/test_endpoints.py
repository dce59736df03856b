import httpx

from mpp_api.settings import ApiSettings
from tests.api.addresses import free_port, postgres_also_at, postgres_at
from tests.api.conftest import serving
from tests.api.dataset import Dataset


async def test_engagement_lists_the_user_s_campaigns_best_first(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    response = await client.get(f"/users/{dataset.id('ada')}/engagement")
    reply = response.json()
    assert response.status_code == 200
    assert (reply["campaign_count"], reply["message_count"]) == (2, 3)
    assert [row["campaign_id"] for row in reply["campaigns"]] == [
        dataset.id("boots"),
        dataset.id("tents"),
    ]
    assert reply["campaigns"][0]["engagement_score"] == 0.2


async def test_white_space_around_an_id_does_not_count_in_path_query_and_body(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    ada, padded = dataset.id("ada"), f" {dataset.id('ada')}\u3000 "
    path = await client.get(f"/users/{padded}/engagement")
    body = await client.post("/recommendations", json={"user_id": padded})
    assert (path.json()["user_id"], path.json()["message_count"]) == (ada, 3)
    assert (body.json()["user_id"], body.json()["known_user"]) == (ada, True)
    only_lamps = {"include_ids": f" {dataset.id('lamps')} "}
    query = await client.get(f"/recommendations/{ada}", params=only_lamps)
    assert [item["campaign_id"] for item in query.json()["items"]] == [dataset.id("lamps")]


async def test_an_unknown_user_is_a_404_problem_that_names_the_user(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    response = await client.get(f"/users/{dataset.id('nobody')}/engagement")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert dataset.id("nobody") in response.json()["detail"]


async def test_when_postgres_is_lost_engagement_is_unavailable_and_the_store_named(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    port = free_port()
    async with serving(postgres_at(api_settings, host="127.0.0.1", port=port)) as client:
        async with postgres_also_at(port, api_settings):
            await client.get("/health")
        response = await client.get(f"/users/{dataset.id('ada')}/engagement")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.json()["detail"].startswith("postgres did not answer")

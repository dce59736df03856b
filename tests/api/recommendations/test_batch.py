"""The same question for many users."""

import httpx

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import free_port, postgres_also_at, postgres_at
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import Dataset


async def test_every_user_gets_the_reply_that_a_question_for_them_alone_gets(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    users = [dataset.id(name) for name in ("ada", "nobody", "dot", "ada")]
    response = await client.post(
        "/recommendations/batch", json={"user_ids": users, "limit": 2, "explain": False}
    )
    items = response.json()["items"]
    assert response.status_code == 200
    assert [item["user_id"] for item in items] == users
    assert [item["problem"] for item in items] == [None] * len(users)
    for item in items:
        alone = await client.get(
            f"/recommendations/{item['user_id']}", params={"limit": 2, "explain": False}
        )
        assert alone.headers["X-Cache"] == "hit"
        assert item["reply"] == alone.json()


async def test_one_user_s_problem_leaves_the_other_replies_alone(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    port = free_port()
    settings = postgres_at(api_settings, host="127.0.0.1", port=port).model_copy(
        update={"api_release_recheck_seconds": AT_ONCE}
    )
    async with serving(settings) as client:
        async with postgres_also_at(port, api_settings):
            await client.get("/health")
        response = await client.post(
            "/recommendations/batch",
            json={"user_ids": [dataset.id("ada"), dataset.id("nobody")]},
        )
    known, unknown = response.json()["items"]
    assert known["problem"] is None
    assert known["reply"]["missing_legs"] == ["table"]
    assert unknown["reply"] is None
    assert unknown["problem"]["type"] == "urn:problem-type:mpp:nothing-answered"
    assert unknown["problem"]["status"] == 503

"""The list of users, and what each wrote, page by page."""

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.pages import everything, pages
from tests.api.publishing import publish_what_is_complete

USERS = ("ada", "ben", "cid", "dot", "eve", "fay")


async def test_users_come_by_id_and_each_on_one_page(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    found = await pages(client, "/users", "users", prefix=dataset.prefix, limit=2)
    assert [[user["user_id"] for user in page] for page in found] == [
        [dataset.id("ada"), dataset.id("ben")],
        [dataset.id("cid"), dataset.id("dot")],
        [dataset.id("eve"), dataset.id("fay")],
    ]
    ada = found[0][0]
    sent = [row["sent_at"] for row in dataset.messages if row["user_id"] == dataset.id("ada")]
    assert (ada["message_count"], ada["campaign_count"], ada["engagement_score"]) == (3, 2, 0.2)
    assert ada["first_at"] == sent[0].isoformat().replace("+00:00", "Z")
    assert ada["last_at"] == sent[-1].isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("a", ["ada"]), ("", USERS), ("%", []), ("_da", []), ("ad\\", []), ("A", [])],
)
async def test_a_prefix_is_no_pattern(
    client: httpx.AsyncClient, dataset: Dataset, prefix: str, found: list[str]
) -> None:
    response = await client.get("/users", params={"prefix": dataset.id(prefix)})
    assert [user["user_id"] for user in response.json()["users"]] == [
        dataset.id(name) for name in found
    ]


async def test_a_timeline_is_newest_first_and_page_by_page(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    sent = [row for row in dataset.messages if row["user_id"] == dataset.id("eve")]
    found = await everything(client, f"/users/{dataset.id('eve')}/timeline", "messages", limit=4)
    assert [message["message_id"] for message in found] == [
        row["message_id"] for row in reversed(sent)
    ]
    assert found[0]["text"] == sent[-1]["text"]
    assert found[0]["source"] == {"batch": sent[-1]["batch"], "position": sent[-1]["position"]}


async def test_a_timeline_begins_before_a_moment_of_any_offset(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    path = f"/users/{dataset.id('ada')}/timeline"
    found = []
    for before in ("1999-03-01T23:00:00Z", "1999-03-02T01:00:00+02:00", "1999-03-01T09:00:00Z"):
        response = await client.get(path, params={"before": before})
        assert response.status_code == 200
        found.append([message["message_id"] for message in response.json()["messages"]])
    older = [dataset.id("message-01"), dataset.id("message-00")]
    assert found == [older, older, []]


@pytest.mark.parametrize(
    "path", ["/users/{}/timeline", "/users/{}/profile", "/users/{}/similar", "/users/{}/engagement"]
)
async def test_an_unknown_user_is_a_404_problem_everywhere(
    client: httpx.AsyncClient, dataset: Dataset, path: str
) -> None:
    response = await client.get(path.format(dataset.id("nobody")))
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-user"


@pytest.mark.parametrize(
    "path", ["/users", "/users/{}eve/timeline", "/campaigns", "/messages/latest"]
)
async def test_a_cursor_of_another_release_list_or_making_is_refused(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset, path: str
) -> None:
    path = path.format(dataset.prefix)
    settings = api_settings.model_copy(update={"api_release_recheck_seconds": 1e-6})
    async with serving(settings) as client:
        first = (await client.get(path, params={"limit": 1})).json()["next_cursor"]
        of_another_list = (
            await client.get(f"/campaigns/{dataset.id('boots')}/audience", params={"limit": 1})
        ).json()["next_cursor"]
        again = await client.get(path, params={"cursor": first})
        publish_what_is_complete(settings, dataset)
        refused = [
            await client.get(path, params={"cursor": cursor})
            for cursor in (first, of_another_list, "e30", "$ne", "a")
        ]
    assert again.status_code == 200
    assert [response.status_code for response in refused] == [409] * 5
    assert refused[0].json()["type"] == "urn:problem-type:mpp:list-changed"


@pytest.mark.parametrize(
    ("listed", "other"),
    [
        ("/users?", "/users?prefix={}"),
        ("/users/{}eve/timeline?", "/users/{}ada/timeline?"),
        ("/campaigns?", "/campaigns?tag=winter"),
        ("/campaigns?", "/campaigns?topic=outdoors"),
        ("/campaigns?", "/campaigns?status=running"),
        ("/campaigns/{}boots/audience?", "/campaigns/{}lamps/audience?"),
        ("/campaigns/{}boots/audience?", "/campaigns/{}boots/audience?level=low"),
    ],
)
async def test_a_cursor_goes_on_in_no_list_of_the_same_kind_but_its_own(
    client: httpx.AsyncClient, dataset: Dataset, listed: str, other: str
) -> None:
    listed, other = listed.format(dataset.prefix), other.format(dataset.prefix)
    cursor = (await client.get(f"{listed}&limit=1")).json()["next_cursor"]
    again = await client.get(f"{listed}&cursor={cursor}")
    refused = await client.get(f"{other}&cursor={cursor}")
    assert (again.status_code, refused.status_code) == (200, 409)
    assert refused.json()["type"] == "urn:problem-type:mpp:list-changed"

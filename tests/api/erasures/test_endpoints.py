"""From the request on, nobody is served what the stores still hold of the user."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mpp_api.releases.watch import ReleaseWatch
from mpp_api.settings import ApiSettings
from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres import erasures
from mpp_stores.redis.cache import CacheOutcome
from tests.api.addresses import through_proxies, without
from tests.api.conftest import AT_ONCE, serving
from tests.api.dataset import Dataset
from tests.databases import own_database

PATIENCE = 60.0


@pytest.fixture
def unpublished_settings(empty_settings: ApiSettings) -> Iterator[ApiSettings]:
    """Before the first release; what Postgres says is seen at the next request."""
    with own_database(empty_settings) as own:
        yield own.model_copy(update={"api_release_recheck_seconds": AT_ONCE})


async def accepted(client: httpx.AsyncClient, user_id: str) -> dict[str, Any]:
    response = await client.delete(f"/users/{user_id}")
    assert response.status_code == 202, response.text
    reply: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/erasures/{reply['erasure_id']}"
    return reply


async def test_an_erased_user_is_answered_for_as_an_unknown_one(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben, nobody = own_dataset.id("ben"), own_dataset.id("nobody")
    settings = own_settings.model_copy(update={"api_release_recheck_seconds": 3600})
    async with serving(settings) as client:
        known = await client.get(f"/recommendations/{ben}")
        await accepted(client, ben)
        engagement = await client.get(f"/users/{ben}/engagement")
        erased = await client.get(f"/recommendations/{ben}")
        unknown = await client.get(f"/recommendations/{nobody}")
    assert known.json()["known_user"] is True
    assert engagement.status_code == 404
    assert erased.status_code == 200
    differs = {"user_id", "generated_at", "release"}
    assert {name: value for name, value in erased.json().items() if name not in differs} == {
        name: value for name, value in unknown.json().items() if name not in differs
    }


async def test_an_erased_user_is_evidence_for_nobody_not_even_in_a_reply_kept_before(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    async with serving(own_settings) as client:
        before = await client.get(f"/recommendations/{own_dataset.id('ada')}")
        await accepted(client, ben)
        after = await client.get(f"/recommendations/{own_dataset.id('ada')}")
    assert ben in before.text
    assert after.json()["strategy"] == "hybrid"
    assert ben not in after.text


async def test_no_reply_that_names_an_erased_user_is_kept(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    async with serving(own_settings) as client:
        await accepted(client, own_dataset.id("ben"))
        replies = [await client.get(f"/recommendations/{own_dataset.id('ben')}") for _ in range(2)]
    assert [reply.headers["X-Cache"] for reply in replies] == [CacheOutcome.BYPASS] * 2


async def test_another_process_learns_of_the_erasure_when_it_looks_again(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    async with serving(own_settings) as client, serving(own_settings) as other:
        assert (await other.get(f"/users/{ben}/engagement")).status_code == 200
        await accepted(client, ben)
        assert (await other.get(f"/users/{ben}/engagement")).status_code == 404


async def test_an_erasure_is_found_by_its_id_and_names_nobody(
    unpublished_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    async with serving(unpublished_settings) as client:
        requested = await accepted(client, ben)
        repeated = await accepted(client, ben)
        erasures.mark_scrubbed(unpublished_settings, requested["erasure_id"], {"mongo": 4})
        erasures.complete(unpublished_settings, requested["erasure_id"], {"mongo": 4})
        response = await client.get(f"/erasures/{requested['erasure_id']}")
    assert requested["state"] == "requested"
    assert repeated["erasure_id"] == requested["erasure_id"]
    assert response.json()["state"] == "completed"
    assert response.json()["completed_at"] >= response.json()["scrubbed_at"]
    assert response.json()["receipt"]["mongo"] == 4
    assert set(response.json()) == {
        "erasure_id",
        "state",
        "requested_at",
        "scrubbed_at",
        "completed_at",
        "receipt",
    }
    assert ben not in response.text


async def test_a_user_whose_id_a_path_cannot_carry_is_erased_too(
    unpublished_settings: ApiSettings, own_dataset: Dataset
) -> None:
    user_id = own_dataset.id("a/b")
    async with serving(unpublished_settings) as client:
        response = await client.post("/erasures", json={"user_id": user_id})
        assert response.status_code == 202
        found = await client.get(response.headers["Location"])
    assert found.json() == response.json()
    assert [erasure.user_id for erasure in erasures.open_erasures(unpublished_settings)] == [
        user_id
    ]


async def test_white_space_around_the_id_of_an_erasure_does_not_count(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    async with serving(own_settings) as client:
        by_path = await accepted(client, f"%20{ben}%20%20%C2%A0")
        by_body = await client.post("/erasures", json={"user_id": f"{ben}\t"})
        engagement = await client.get(f"/users/{ben}/engagement")
    assert by_body.json()["erasure_id"] == by_path["erasure_id"]
    assert [erasure.user_id for erasure in erasures.open_erasures(own_settings)] == [ben]
    assert engagement.status_code == 404


async def test_a_user_can_be_erased_before_the_first_release(
    empty_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(empty_settings) as client:
        await accepted(client, dataset.id("nobody"))


async def test_a_request_that_this_process_could_not_heed_yet_is_a_503_and_found_again(
    unpublished_settings: ApiSettings, own_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(watch: ReleaseWatch) -> None:
        raise StoreUnavailable("postgres", "read the current release", "gone")

    ben = own_dataset.id("ben")
    async with serving(unpublished_settings) as client:
        with monkeypatch.context() as patched:
            patched.setattr(ReleaseWatch, "look_again", unavailable)
            failed = await client.delete(f"/users/{ben}")
        [requested] = erasures.open_erasures(unpublished_settings)
        again = await accepted(client, ben)
    assert failed.status_code == 503
    assert failed.headers["Retry-After"]
    assert again["erasure_id"] == requested.erasure_id


async def test_a_request_that_this_process_cannot_heed_in_time_is_a_503(
    unpublished_settings: ApiSettings, own_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hanging(watch: ReleaseWatch) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(ReleaseWatch, "look_again", hanging)
    settings = unpublished_settings.model_copy(update={"api_leg_timeout_seconds": 3.0})
    async with serving(settings) as client, asyncio.timeout(PATIENCE):
        failed = await client.delete(f"/users/{own_dataset.id('ben')}")
    assert failed.status_code == 503
    assert len(erasures.open_erasures(unpublished_settings)) == 1


async def test_an_unknown_erasure_is_a_404_problem(client: httpx.AsyncClient) -> None:
    response = await client.get("/erasures/nothing")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-erasure"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/users/anybody"), ("GET", "/erasures/any")]
)
async def test_without_postgres_nothing_is_accepted_and_the_problem_says_when_to_retry(
    api_settings: ApiSettings, method: str, path: str
) -> None:
    async with serving(without(api_settings, "postgres")) as client:
        response = await client.request(method, path)
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"]
    assert "anybody" not in response.text


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/users/anybody"), ("GET", "/erasures/any")]
)
async def test_a_postgres_that_hangs_is_waited_for_no_longer_than_the_stores_may_take(
    empty_settings: ApiSettings, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    """Not by the question, nor by the record of it."""
    settings = empty_settings.model_copy(
        update={"api_deadline_ms": 1_000, "api_leg_timeout_seconds": 0.5}
    )
    async with through_proxies(settings, ["postgres"]) as (proxied, proxies):
        await proxies["postgres"].hang()
        async with serving(proxied) as client:
            response = await client.request(method, path)
    waits = [float(seconds) for seconds in re.findall(r"no answer within (\S+) s", caplog.text)]
    assert response.status_code == 503
    assert len(waits) == 2
    assert sum(waits) <= settings.store_seconds

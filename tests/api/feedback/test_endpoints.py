"""Feedback over HTTP: once each, of known campaigns, and heeded from the reply on."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from mpp_api.feedback import exposures
from mpp_api.settings import ApiSettings
from mpp_stores.api_keys import Role
from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres.feedback import FeedbackStore, rows_of_user
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.metrics.samples import samples

PATIENCE = 60.0

Commit = Callable[[], Awaitable[Any]]


def feedback(dataset: Dataset, kind: str = "click", **changed: Any) -> dict[str, Any]:
    """On a reply of its own."""
    return {
        "request_id": uuid.uuid4().hex,
        "user_id": dataset.id("guest"),
        "campaign_id": dataset.id("boots"),
        "kind": kind,
    } | changed


async def sent(client: httpx.AsyncClient, body: Any, status: int = 200) -> dict[str, Any]:
    response = await client.post("/feedback", json=body)
    assert response.status_code == status, response.text
    reply: dict[str, Any] = response.json()
    return reply


async def figures(client: httpx.AsyncClient, campaign_id: str) -> dict[str, Any]:
    response = await client.get(f"/campaigns/{campaign_id}/feedback")
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


async def dismissals(client: httpx.AsyncClient, user_id: str) -> list[dict[str, Any]]:
    response = await client.get(f"/users/{user_id}/dismissals")
    assert response.status_code == 200, response.text
    assert response.json()["user_id"] == user_id
    found: list[dict[str, Any]] = response.json()["dismissals"]
    return found


async def recommended(client: httpx.AsyncClient, user_id: str) -> list[str]:
    response = await client.get(f"/recommendations/{user_id}", params={"limit": 50})
    assert response.status_code == 200, response.text
    return [item["campaign_id"] for item in response.json()["items"]]


async def test_feedback_counts_once_however_often_it_is_sent(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    click = feedback(dataset)
    impression = click | {"kind": "impression", "occurred_at": "2026-06-01T11:31:07+02:00"}
    anonymous = {name: value for name, value in click.items() if name != "user_id"}
    async with serving(api_settings, role=Role.WRITE) as client:
        before = await figures(client, dataset.id("boots"))
        first = await sent(client, click)
        again = await sent(client, [impression, click, anonymous, impression])
        after = await figures(client, dataset.id("boots"))
    assert first == {
        "recorded": 1,
        "repeated": 0,
        "rejected": 0,
        "outcomes": [{"position": 1, "outcome": "recorded", "reasons": []}],
    }
    outcomes = [outcome["outcome"] for outcome in again["outcomes"]]
    assert outcomes == ["recorded", "repeated", "recorded", "repeated"]
    assert after["clicks"] - before["clicks"] == 2
    assert after["impressions"] - before["impressions"] == 1


async def test_what_cannot_be_recorded_says_why_and_the_rest_is_recorded(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    body = [
        feedback(dataset, campaign_id="never-heard-of"),
        feedback(dataset, occurred_at="1999-06-01T00:00:00Z"),
        feedback(dataset, "conversion"),
    ]
    async with serving(api_settings) as client:
        reply = await sent(client, body)
    assert (reply["recorded"], reply["rejected"]) == (1, 2)
    assert [outcome["reasons"] for outcome in reply["outcomes"]] == [
        ["campaign unknown"],
        ["occurred_at out of range"],
        [],
    ]


async def test_a_dismissed_campaign_is_not_recommended_from_that_reply_on_until_it_is_undone(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    ada, lamps = dataset.id("ada"), dataset.id("lamps")
    async with serving(api_settings) as client:
        assert lamps in await recommended(client, ada)
        await sent(client, feedback(dataset, "dismiss", user_id=ada, campaign_id=lamps))
        dismissed = await recommended(client, ada)
        others = await recommended(client, dataset.id("dot"))
        undone = await client.delete(
            "/feedback/dismissals", params={"user_id": ada, "campaign_id": lamps}
        )
        assert undone.status_code == 204
        assert lamps in await recommended(client, ada)
    assert lamps not in dismissed
    assert lamps in others


async def lost(commit: Commit) -> None:
    """The connection, behind the commit."""
    await commit()
    raise StoreUnavailable("postgres", "write feedback", "the connection was lost")


async def late(commit: Commit) -> None:
    """The answer, which nobody waits for any more."""
    await commit()
    await asyncio.Event().wait()


async def committed_late(commit: Commit) -> None:
    """When nobody waits for it any more, and other replies have been kept since."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(1)
        await commit()


@pytest.mark.parametrize("unanswered", [lost, late, committed_late])
async def test_what_was_committed_is_heeded_although_its_answer_did_not_come(
    api_settings: ApiSettings,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    unanswered: Callable[[Commit], Awaitable[None]],
) -> None:
    settings = api_settings.model_copy(update={"api_leg_timeout_seconds": 3.0})
    cid, stoves = dataset.id("cid"), dataset.id("stoves")
    dismissal = feedback(dataset, "dismiss", user_id=cid, campaign_id=stoves)
    dismissed = {"user_id": cid, "campaign_id": stoves}

    def unanswer(name: str) -> None:
        write = getattr(FeedbackStore, name)
        monkeypatch.setattr(FeedbackStore, name, lambda *given: unanswered(lambda: write(*given)))

    async def until(*, is_recommended: bool) -> None:
        while (stoves in await recommended(client, cid)) is not is_recommended:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)

    async with serving(settings) as client, asyncio.timeout(PATIENCE):
        await until(is_recommended=True)
        unanswer("record")
        await sent(client, dismissal, status=503)
        await until(is_recommended=False)
        unanswer("undo_dismissal")
        undone = await client.delete("/feedback/dismissals", params=dismissed)
        assert undone.status_code == 503
        await until(is_recommended=True)


async def test_what_a_user_dismissed_is_listed_newest_first_until_it_is_undone(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    user_id, lamps, stoves = dataset.id("regretful"), dataset.id("lamps"), dataset.id("stoves")
    async with serving(api_settings) as client:
        nothing = await dismissals(client, user_id)
        for campaign_id, occurred_at in (
            (lamps, "2026-06-01T11:31:07+02:00"),
            (stoves, "2026-06-01T12:00:00Z"),
            (lamps, "2026-06-01T08:00:00Z"),
        ):
            said = {"user_id": user_id, "campaign_id": campaign_id, "occurred_at": occurred_at}
            await sent(client, feedback(dataset, "dismiss", **said))
        await sent(client, feedback(dataset, "click", user_id=user_id))
        both = await dismissals(client, user_id)
        await client.delete(
            "/feedback/dismissals", params={"user_id": user_id, "campaign_id": stoves}
        )
        one = await dismissals(client, user_id)
    assert nothing == []
    assert both == [
        {"campaign_id": stoves, "name": stoves, "dismissed_at": "2026-06-01T12:00:00Z"},
        {"campaign_id": lamps, "name": "Lamps", "dismissed_at": "2026-06-01T09:31:07Z"},
    ]
    assert one == both[1:]


async def test_an_erased_user_has_no_dismissals_from_that_reply_on(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    async with serving(own_settings) as client:
        await sent(client, feedback(own_dataset, "dismiss", user_id=ben))
        before = await dismissals(client, ben)
        assert (await client.delete(f"/users/{ben}")).status_code == 202
        after = await dismissals(client, ben)
    assert [each["campaign_id"] for each in before] == [own_dataset.id("boots")]
    assert after == []
    assert rows_of_user(own_settings, ben) == 1


async def test_nothing_of_an_erased_user_is_recorded_any_more(
    own_settings: ApiSettings, own_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposures, "FLUSH_SECONDS", 3600)  # what was shown waits for the end
    ben = own_dataset.id("ben")
    async with serving(own_settings) as client:
        await recommended(client, ben)
        await recommended(client, own_dataset.id("ada"))
        await sent(client, feedback(own_dataset, user_id=ben))
        assert rows_of_user(own_settings, ben) == 1
        assert (await client.delete(f"/users/{ben}")).status_code == 202
        reply = await sent(client, [feedback(own_dataset, user_id=ben), feedback(own_dataset)])
    assert [outcome["reasons"] for outcome in reply["outcomes"]] == [["user erased"], []]
    assert ben not in json.dumps(reply)
    assert rows_of_user(own_settings, ben) == 1
    assert rows_of_user(own_settings, own_dataset.id("ada")) > 0


async def test_before_the_first_release_no_campaign_is_known(
    empty_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(empty_settings) as client:
        reply = await sent(client, feedback(dataset))
        dismissed = await dismissals(client, dataset.id("guest"))
    assert reply["outcomes"][0]["reasons"] == ["campaign unknown"]
    assert dismissed == []


async def test_the_figures_of_a_campaign_are_counts_and_a_rate(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    maps = dataset.id("maps")
    kinds = ("impression", "impression", "impression", "impression", "click", "dismiss")
    async with serving(api_settings) as client:
        untouched = await figures(client, dataset.id("cards"))
        await sent(client, [feedback(dataset, kind, campaign_id=maps) for kind in kinds])
        counted = await figures(client, maps)
    assert untouched["click_through_rate"] is None
    counted.pop("exposures")  # other tests are shown it too
    assert counted == {
        "campaign_id": maps,
        "impressions": 4,
        "clicks": 1,
        "dismissals": 1,
        "conversions": 0,
        "click_through_rate": 0.25,
    }


async def test_the_figures_of_an_unknown_campaign_are_a_404_problem(
    api_settings: ApiSettings,
) -> None:
    async with serving(api_settings) as client:
        response = await client.get("/campaigns/never-heard-of/feedback")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:problem-type:mpp:unknown-campaign"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"kind": "like"}, "0.kind"),
        ({"request_id": "of ada"}, "0.request_id"),
        ({"user_id": "nul\x00"}, "0.user_id"),
        ({"campaign_id": ""}, "0.campaign_id"),
        ({"occurred_at": 1780000000}, "0.occurred_at"),
        ({"occurred_at": "2026-06-01T09:31:07"}, "0.occurred_at"),
        ({"note": "more"}, "0.note"),
    ],
)
async def test_what_is_no_feedback_is_a_422_problem_that_names_the_field(
    empty_settings: ApiSettings, dataset: Dataset, changed: dict[str, Any], name: str
) -> None:
    async with serving(empty_settings) as client:
        problem = await sent(client, feedback(dataset, **changed), status=422)
    assert [error["name"] for error in problem["errors"]] == [name]


async def test_feedback_needs_a_key_that_may_write_to_look_at_it_one_that_may_read(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(api_settings, role=Role.READ) as client:
        await sent(client, feedback(dataset), status=403)
        undone = await client.delete(
            "/feedback/dismissals", params={"user_id": "ada", "campaign_id": "boots"}
        )
        assert undone.status_code == 403
        await dismissals(client, "ada")
        await figures(client, dataset.id("boots"))


async def test_without_postgres_feedback_is_a_503_problem_that_says_when_to_retry(
    empty_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(without(empty_settings, "postgres")) as client:
        responses = [
            await client.post("/feedback", json=feedback(dataset)),
            await client.get(f"/users/{dataset.id('guest')}/dismissals"),
        ]
    for response in responses:
        assert response.status_code == 503
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Retry-After"]
        assert dataset.prefix not in response.text


async def test_feedback_is_counted_by_kind_and_outcome(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    async with serving(api_settings) as client:
        await sent(client, [feedback(dataset), feedback(dataset, campaign_id="unknown")])
        found = await samples(client)
    assert found['mpp_api_feedback_total{kind="click",outcome="recorded"}'] == 1
    assert found['mpp_api_feedback_total{kind="click",outcome="rejected"}'] == 1

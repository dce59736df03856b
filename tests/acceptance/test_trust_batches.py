"""A file that is dropped into the landing folder, and what can be known and undone of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mpp_stores.postgres.releases import current_release
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.acceptance.conftest import MPP, PROJECT_ROOT, run
from tests.acceptance.releases import numbers, release_holding, served
from tests.acceptance.stored_rows import message_ids, report, rows_of

BATCH = "late.jsonl"
LATE_DAY = "2026-10-25"
USER = "late-user-7001"
CAMPAIGN = "city-breaks-under-100"
DAILY = (
    "lake/conversation_events",
    "lake/message_embeddings",
    "milvus/messages",
    "neo4j/messages",
    "mongo/conversations",
    "postgres/daily_activity",
)

pytestmark = pytest.mark.usefixtures("first_make_up")


def late_file() -> str:
    """A new event of an old day, an event of that day that the sample holds, a broken line."""
    sample = json.loads((PROJECT_ROOT / "data/sample_conversations.json").read_text())
    known = next(
        record
        for record in sample
        if isinstance(record, dict) and str(record.get("timestamp")).startswith(LATE_DAY)
    )
    late = {
        "user_id": USER,
        "message": "Is the Porto trip still on offer in spring?",
        "timestamp": f"{LATE_DAY}T10:00:00Z",
        "campaign": CAMPAIGN,
    }
    return "\n".join([json.dumps(late), json.dumps(known), '{"user_id": "half a rec'])


@pytest.fixture(scope="module")
def before(settings: StoreSettings, first_make_up: str) -> dict[str, dict[str, int]]:
    """The served materializations of the daily assets before the file is there."""
    return {asset: numbers(settings, asset) for asset in DAILY}


@dataclass
class Publication:
    """Two releases, and the API's replies to one question while the second came about."""

    former: Release
    latest: Release
    replies: list[dict[str, Any]]


@pytest.fixture(scope="module")
def publication(stack, settings: StoreSettings, before) -> Publication:
    """What became of a dropped file, untouched by us."""
    former, replies = served(settings), []
    partial = settings.landing / f".{BATCH}"
    partial.write_text(late_file())
    partial.rename(settings.landing / BATCH)
    with httpx.Client(base_url=stack["MPP_API_URL"], timeout=30) as api:

        def ask() -> None:
            replies.append(api.get("/recommendations/user-011").json())

        latest = release_holding(settings, BATCH, after=former, meanwhile=ask)
    return Publication(former, latest, replies)


def test_a_dropped_file_leads_to_a_release_by_itself(publication):
    former, latest = publication.former, publication.latest
    assert latest.predecessor == former.release_id
    assert latest.row_counts["mongo/conversations"] == former.row_counts["mongo/conversations"] + 1


def test_a_reader_sees_the_former_release_whole_until_the_next_is_published(publication):
    expected = {publication.former.release_id, publication.latest.release_id}
    assert {reply["release"]["release_id"] for reply in publication.replies} <= expected
    of_former = [
        reply["items"]
        for reply in publication.replies
        if reply["release"]["release_id"] == publication.former.release_id
    ]
    assert len(of_former) > 5
    assert all(items == of_former[0] for items in of_former)


def test_an_event_of_an_old_day_rebuilds_that_day_and_no_other(settings, before, publication):
    for asset, days in before.items():
        after = numbers(settings, asset)
        assert {day for day in after if after[day] != days.get(day)} == {LATE_DAY}, asset


@pytest.mark.parametrize("target", ["milvus/messages", "neo4j/messages", "mongo/conversations"])
def test_an_event_in_two_batches_is_one_event(settings, publication, target):
    ids = [row["message_id"] for row in rows_of(settings, target)]
    assert len(ids) == len(set(ids))
    assert set(ids) == message_ids(settings, "mongo/conversations")


def test_what_was_rejected_is_shown_with_its_position_and_reason(publication):
    [rejected] = json.loads(run(MPP, "rejected", "--batch", BATCH, "--json"))
    assert (rejected["position"], rejected["reasons"]) == (3, ["record not JSON"])


def test_a_recommendation_is_traced_to_file_and_position(stack, settings, publication):
    found = json.loads(run(MPP, "trace", USER, CAMPAIGN, "--json"))
    assert found["release"]["release_id"] == served(settings).release_id
    [own] = [message for message in found["messages"] if message["user_id"] == USER]
    assert (Path(own["file"]).name, own["position"]) == (BATCH, 1)
    batches = {batch["batch"]: batch for batch in found["batches"]}
    landed = numbers(settings, "lake/landed_events")
    assert batches[BATCH]["landing"]["materialization"] == landed[BATCH]
    materializations = {each["materialization"] for each in found["materializations"]}
    assert set(numbers(settings, "milvus/user_profiles").values()) <= materializations


def test_a_rollback_serves_the_earlier_release_and_its_report_at_once(stack, settings, publication):
    former, latest = publication.former, publication.latest
    with httpx.Client(base_url=stack["MPP_API_URL"], timeout=30) as api:
        path = f"/recommendations/{USER}"
        assert api.get(path).json()["strategy"] == "hybrid"
        run(MPP, "rollback", former.release_id)
        rolled_back = wait_for_release(api, path, former.release_id)
        assert rolled_back["strategy"] == "popular"
        figures = report(settings)
        assert figures["totals"]["message_count"] == former.row_counts["mongo/conversations"]
        run(MPP, "rollback", latest.release_id)
        assert wait_for_release(api, path, latest.release_id)["strategy"] == "hybrid"
    assert current_release(settings) == latest


def wait_for_release(api: httpx.Client, path: str, release_id: str) -> dict:
    """The API looks for the served release about once a second."""
    for _ in range(100):
        reply = api.get(path).json()
        if reply["release"]["release_id"] == release_id:
            return reply
    raise AssertionError(f"the API does not serve {release_id}")

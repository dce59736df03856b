"""A file that is dropped into the landing folder, and what can be known and undone of it."""

import json
from pathlib import Path

import pytest

from mpp_stores.postgres.releases import current_release
from tests.acceptance.flows import (
    LATE,
    LATE_CAMPAIGN,
    LATE_USER,
    MOVED,
    MOVED_DAY,
    MOVED_MESSAGE,
    POSTED,
    reply_of,
)
from tests.pipeline.commands import MPP, PROJECT_ROOT, run
from tests.pipeline.releases import numbers, served
from tests.pipeline.sample import DAILY, LATE_DAY, SEED, SEED_DAY
from tests.pipeline.stored_rows import message_ids, report, rows_of

SEED_EVENTS = (PROJECT_ROOT / "data" / SEED).read_text().splitlines()


def test_a_dropped_file_leads_to_a_release_by_itself(publication):
    before, after = publication.before.release, publication.after.release
    assert after.predecessor == before.release_id
    added = len(SEED_EVENTS) + len([LATE, POSTED])
    assert after.row_counts["mongo/conversations"] == (
        before.row_counts["mongo/conversations"] + added
    )


def test_an_event_that_was_posted_is_in_the_release(settings, publication):
    [posted] = [row for row in publication.after.messages if row["user_id"] == POSTED["user_id"]]
    assert posted["message_id"] == publication.posted["message_id"]
    assert posted["batch"] == publication.posted["batch"]
    assert json.loads(posted["attributes"]) == {"channel": POSTED["channel"]}


def test_a_reader_sees_the_former_release_whole_until_the_next_is_published(publication):
    before, after = (state.release.release_id for state in (publication.before, publication.after))
    assert {reply["release"]["release_id"] for reply in publication.replies} <= {before, after}
    of_before = [
        reply["items"] for reply in publication.replies if reply["release"]["release_id"] == before
    ]
    assert len(of_before) > 5
    assert all(items == of_before[0] for items in of_before)


@pytest.mark.parametrize("asset", DAILY)
def test_only_the_days_that_the_files_touch_are_rebuilt(publication, asset):
    before, after = (state.numbers[asset] for state in (publication.before, publication.after))
    rebuilt = {day for day in after if after[day] != before.get(day)}
    assert rebuilt == {MOVED_DAY, LATE_DAY, SEED_DAY}


@pytest.mark.parametrize("target", ["milvus/messages", "neo4j/messages", "mongo/conversations"])
def test_an_event_in_two_batches_is_one_event(settings, publication, target):
    ids = [row["message_id"] for row in rows_of(settings, target)]
    assert len(ids) == len(set(ids))
    assert set(ids) == message_ids(settings, "mongo/conversations")


def test_a_message_that_moves_to_another_day_is_on_that_day_alone(publication):
    """The two days are not side by side, so they are refreshed by two runs."""
    messages = publication.after.messages
    [moved] = [row for row in messages if row["message_id"] == MOVED_MESSAGE]
    assert (moved["batch"], moved["sent_at"].date().isoformat()) == (MOVED, MOVED_DAY)


def test_what_was_rejected_is_shown_with_its_position_and_reason(publication):
    [rejected] = json.loads(run(MPP, "rejected", "--batch", LATE, "--json"))
    assert (rejected["position"], rejected["reasons"]) == (3, ["record not JSON"])


def test_a_recommendation_is_traced_to_file_and_position(settings, publication):
    found = json.loads(run(MPP, "trace", LATE_USER, LATE_CAMPAIGN, "--json"))
    assert found["release"]["release_id"] == served(settings).release_id
    [own] = [message for message in found["messages"] if message["user_id"] == LATE_USER]
    assert (Path(own["file"]).name, own["position"]) == (LATE, 1)
    batches = {batch["batch"]: batch for batch in found["batches"]}
    landed = numbers(settings, "lake/landed_events")
    assert batches[LATE]["landing"]["materialization"] == landed[LATE]
    materializations = {each["materialization"] for each in found["materializations"]}
    assert set(numbers(settings, "milvus/user_profiles").values()) <= materializations


def test_a_rollback_serves_the_earlier_release_and_its_report_at_once(api, settings, publication):
    former, latest = publication.before.release, publication.after.release
    path = f"/recommendations/{LATE_USER}"
    assert api.get(path).json()["strategy"] == "hybrid"
    run(MPP, "rollback", former.release_id)
    assert reply_of(api, path, former.release_id)["strategy"] == "trending"
    figures = report(settings)
    assert figures["totals"]["message_count"] == former.row_counts["mongo/conversations"]
    run(MPP, "rollback", latest.release_id)
    assert reply_of(api, path, latest.release_id)["strategy"] == "hybrid"
    assert current_release(settings) == latest

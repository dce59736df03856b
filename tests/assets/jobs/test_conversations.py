from datetime import date
from pathlib import Path

import pytest

from mpp_assets.jobs.conversations import build_conversation_events, read_conversation_events
from mpp_stores.lake import BatchSummary, Lake
from tests.assets.jobs import landed_files
from tests.assets.jobs.landed_files import EVENT, withdraw, written

DAY, NEXT_DAY = date(2026, 1, 6), date(2026, 1, 7)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def land(spark, lake: Lake, folder: Path, name: str, landed_at: int, **fields: str) -> BatchSummary:
    record = EVENT | {"timestamp": str(DAY), "message": "hi"} | fields
    return landed_files.land(spark, lake, written(folder, [record], name, at=landed_at))


def test_of_one_message_in_two_batches_the_latest_batch_wins(spark, lake, tmp_path):
    land(spark, lake, tmp_path, "z.json", 1_000, message_id="m", message="early")
    land(spark, lake, tmp_path, "a.json", 2_000, message_id="m", message="late")
    build_conversation_events(spark, lake, [DAY])
    [row] = read_conversation_events(spark, lake).collect()
    assert (row.text, row.batch) == ("late", "a.json")


def test_a_message_that_a_later_batch_moves_to_another_day_leaves_its_old_day(
    spark, lake, tmp_path
):
    land(spark, lake, tmp_path, "a.json", 1_000, message_id="m")
    land(spark, lake, tmp_path, "b.json", 1_000, message_id="other")
    build_conversation_events(spark, lake, [DAY])
    moved = land(spark, lake, tmp_path, "c.json", 2_000, message_id="m", timestamp=str(NEXT_DAY))
    assert moved.touched_days == [str(DAY), str(NEXT_DAY)]
    build_conversation_events(spark, lake, [DAY, NEXT_DAY])
    days = {
        row.message_id: row.event_day for row in read_conversation_events(spark, lake).collect()
    }
    assert days == {"m": NEXT_DAY, "other": DAY}


def test_a_message_returns_to_its_old_day_when_the_batch_that_moved_it_is_corrected(
    spark, lake, tmp_path
):
    land(spark, lake, tmp_path, "a.json", 1_000, message_id="m")
    land(spark, lake, tmp_path, "c.json", 2_000, message_id="m", timestamp=str(NEXT_DAY))
    corrected = land(
        spark, lake, tmp_path, "c.json", 3_000, message_id="n", timestamp=str(NEXT_DAY)
    )
    assert corrected.touched_days == [str(DAY), str(NEXT_DAY)]
    build_conversation_events(spark, lake, [DAY, NEXT_DAY])
    days = {
        row.message_id: row.event_day for row in read_conversation_events(spark, lake).collect()
    }
    assert days == {"m": DAY, "n": NEXT_DAY}


def test_replacing_a_day_leaves_the_other_days_untouched(spark, lake, tmp_path):
    land(spark, lake, tmp_path, "a.json", 1_000)
    land(spark, lake, tmp_path, "b.json", 1_000, timestamp=str(NEXT_DAY))
    build_conversation_events(spark, lake, [DAY, NEXT_DAY])
    land(spark, lake, tmp_path, "a.json", 2_000, message="corrected")
    land(spark, lake, tmp_path, "b.json", 2_000, message="unseen", timestamp=str(NEXT_DAY))
    build_conversation_events(spark, lake, [DAY])
    texts = {row.event_day: row.text for row in read_conversation_events(spark, lake).collect()}
    assert texts == {DAY: "corrected", NEXT_DAY: "hi"}


def test_a_day_that_lost_its_events_becomes_empty(spark, lake, tmp_path):
    land(spark, lake, tmp_path, "a.json", 1_000)
    build_conversation_events(spark, lake, [DAY])
    land(spark, lake, tmp_path, "a.json", 2_000, timestamp=str(NEXT_DAY))
    build_conversation_events(spark, lake, [DAY, NEXT_DAY])
    assert lake.days_of(lake.conversation_events) == [NEXT_DAY]


def test_a_day_without_any_batch_has_no_events(spark, lake):
    build_conversation_events(spark, lake, [DAY])
    assert read_conversation_events(spark, lake, [DAY]).count() == 0


def test_a_withdrawn_batch_gives_way_to_the_batch_before_it(spark, lake, tmp_path):
    land(spark, lake, tmp_path, "a.json", 1_000, message_id="m", message="early")
    land(spark, lake, tmp_path, "b.json", 2_000, message_id="m", message="late")
    withdraw(spark, lake, tmp_path / "b.json")
    build_conversation_events(spark, lake, [DAY])
    [row] = read_conversation_events(spark, lake).collect()
    assert (row.text, row.batch) == ("early", "a.json")

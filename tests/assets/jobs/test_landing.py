import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mpp_assets.jobs.datasets import read_dataset
from mpp_assets.jobs.landing import land_batch
from mpp_stores.lake import LANDED_EVENT_SCHEMA, REJECTED_EVENT_SCHEMA, Lake

EVENT = {
    "userid": "u-1",
    "message": "Do these shoes come in wide?",
    "timestamp": "2026-01-05T23:30:00-02:00",
    "campaign": "spring-run",
    "channel": "chat",
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def landed(tmp_path: Path, records: list[object], name: str = "events.json") -> Path:
    file = tmp_path / name
    file.write_text(json.dumps(records))
    os.utime(file, (1_767_700_000, 1_767_700_000))
    return file


def test_an_event_is_normalised_to_utc_and_keeps_where_it_came_from(spark, lake, tmp_path):
    land_batch(spark, lake, landed(tmp_path, [EVENT]))
    [row] = read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA).collect()
    assert (row.user_id, row.campaign_id, row.text) == ("u-1", "spring-run", EVENT["message"])
    assert row.sent_at.astimezone(UTC) == datetime(2026, 1, 6, 1, 30, tzinfo=UTC)
    assert row.event_day.isoformat() == "2026-01-06"
    assert (row.batch, row.position) == ("events.json", 1)
    assert json.loads(row.attributes) == {"channel": "chat"}


def test_read_is_accepted_and_rejected_and_duplicates(spark, lake, tmp_path):
    records = [
        EVENT,
        EVENT | {"userid": "u-2"},
        EVENT,
        EVENT | {"timestamp": "yesterday"},
        {"userid": "u-3"},
        "not a record",
    ]
    summary = land_batch(spark, lake, landed(tmp_path, records))
    assert (summary.read, summary.accepted, summary.rejected, summary.duplicates) == (6, 2, 3, 1)
    assert summary.rejected_by_reason == {
        "campaign missing": 1,
        "message missing": 1,
        "record not an object": 1,
        "timestamp invalid": 1,
        "timestamp missing": 1,
    }
    assert lake.summaries() == [summary]


def test_a_rejected_record_is_kept_whole_with_its_reasons_and_position(spark, lake, tmp_path):
    rejected = {"user_id": "u-1", "message": "¿qué?", "timestamp": "soon", "extra": [1, 2]}
    land_batch(spark, lake, landed(tmp_path, [EVENT, rejected]))
    [row] = read_dataset(spark, lake.rejected_events, REJECTED_EVENT_SCHEMA).collect()
    assert (row.batch, row.position) == ("events.json", 2)
    assert row.reasons == ["campaign missing", "timestamp invalid"]
    assert json.loads(row.record) == rejected


def test_text_that_is_not_unicode_is_rejected_and_kept_readable(spark, lake, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(EVENT | {"message": "half a \ud83d smile"}))
    land_batch(spark, lake, file)
    [row] = read_dataset(spark, lake.rejected_events, REJECTED_EVENT_SCHEMA).collect()
    assert row.reasons == ["message invalid"]
    assert "half a" in row.record


def test_the_last_record_of_a_message_id_in_a_file_counts(spark, lake, tmp_path):
    first = EVENT | {"message_id": "m-1", "message": "before"}
    summary = land_batch(spark, lake, landed(tmp_path, [first, first | {"message": "after"}]))
    [row] = read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA).collect()
    assert (row.text, row.position, summary.duplicates) == ("after", 2, 1)


def test_landing_a_corrected_file_replaces_its_batch_and_names_the_days_it_left(
    spark, lake, tmp_path
):
    land_batch(spark, lake, landed(tmp_path, [EVENT, EVENT | {"timestamp": "2026-01-08"}]))
    summary = land_batch(spark, lake, landed(tmp_path, [EVENT | {"message": "corrected"}]))
    rows = read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA).collect()
    assert [row.text for row in rows] == ["corrected"]
    assert summary.event_days == ["2026-01-06"]
    assert summary.touched_days == ["2026-01-06", "2026-01-08"]


def test_batches_with_any_file_name_stay_apart(spark, lake, tmp_path):
    land_batch(spark, lake, landed(tmp_path, [EVENT], "été (1) = 50%.json"))
    land_batch(spark, lake, landed(tmp_path, [EVENT | {"userid": "u-2"}], "2026.json"))
    rows = read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA).collect()
    assert {(row.batch, row.user_id) for row in rows} == {
        ("été (1) = 50%.json", "u-1"),
        ("2026.json", "u-2"),
    }


def test_an_empty_file_is_a_batch_without_events(spark, lake, tmp_path):
    file = tmp_path / "empty.json"
    file.touch()
    summary = land_batch(spark, lake, file)
    assert (summary.read, summary.event_days) == (0, [])


def test_a_missing_file_is_named_and_leaves_the_batch_as_it_was(spark, lake, tmp_path):
    file = landed(tmp_path, [EVENT])
    land_batch(spark, lake, file)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"events\.json"):
        land_batch(spark, lake, file)
    assert read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA).count() == 1

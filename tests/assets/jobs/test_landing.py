import gzip
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mpp_assets.jobs import landing
from mpp_assets.jobs.landing import NOT_SCRUBBED, in_groups, land_files, withdraw_files
from mpp_assets.jobs.record_checks import (
    EXCERPT_CHARACTERS,
    MAX_REASONS,
    OTHER_REASONS,
    Landing,
)
from mpp_stores.contract import Contract, ContractMode
from mpp_stores.lake import Lake, fingerprint
from tests.assets.jobs.landed_files import (
    EVENT,
    NOBODY,
    erased,
    failure,
    land,
    landed,
    next_landing,
    rejected,
    withdraw,
    written,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def folders(lake: Lake) -> set[str]:
    """Of every landing there is, the folders with its events and with its rejected records."""
    return {
        f"{folder.parents[1].name}/{folder.name}"
        for folder in lake.root.glob("*_events/*/landing=*")
    }


def test_an_event_is_normalised_to_utc_and_keeps_where_it_came_from(spark, lake, tmp_path):
    record = EVENT | {"channel": "chat"}
    land(spark, lake, written(tmp_path, [record]))
    [row] = landed(spark, lake)
    assert (row.user_id, row.campaign_id, row.text) == ("u-1", "spring-run", EVENT["message"])
    assert row.sent_at.astimezone(UTC) == datetime(2026, 1, 6, 1, 30, tzinfo=UTC)
    assert row.event_day.isoformat() == "2026-01-06"
    assert (row.batch, row.position) == ("events.json", 1)
    assert json.loads(row.attributes) == {"channel": "chat"}


def test_read_is_accepted_and_rejected_and_duplicates(spark, lake, tmp_path):
    records = [
        EVENT,
        EVENT | {"user_id": "u-2"},
        EVENT,
        EVENT | {"timestamp": "yesterday"},
        {"user_id": "u-3"},
        "not a record",
    ]
    file = written(tmp_path, records)
    summary = land(spark, lake, file)
    assert (summary.read, summary.accepted, summary.rejected, summary.duplicates) == (6, 2, 3, 1)
    assert summary.rejected_by_reason == {
        "campaign missing": 1,
        "message missing": 1,
        "record not an object": 1,
        "timestamp invalid": 1,
        "timestamp missing": 1,
    }
    assert (summary.withdrawn, summary.fingerprint) == (False, fingerprint(file))
    assert lake.summaries() == [summary]


def test_a_rejected_record_is_kept_whole_with_its_reasons_and_position(spark, lake, tmp_path):
    record = {"user_id": "u-1", "message": "¿qué?", "timestamp": "soon", "extra": [1, 2]}
    land(spark, lake, written(tmp_path, [EVENT, record]))
    [row] = rejected(spark, lake)
    assert (row.batch, row.position) == ("events.json", 2)
    assert row.reasons == ["campaign missing", "timestamp invalid"]
    assert json.loads(row.record) == record


def test_text_that_is_not_unicode_is_rejected_and_kept_readable(spark, lake, tmp_path):
    file = tmp_path / "events.json"
    escaped = json.dumps(EVENT | {"message": "half a \ud83d smile"})
    file.write_bytes(escaped.encode() + b'\n{"user_id": "caf\xe9"}\n')
    land(spark, lake, file)
    assert [(row.reasons, row.record) for row in rejected(spark, lake)] == [
        (["message invalid"], escaped),
        (["record not UTF-8"], '{"user_id": "caf\\xe9"}'),
    ]


def test_the_rest_of_a_damaged_file_is_one_rejection_with_its_beginning(spark, lake, tmp_path):
    file = tmp_path / "events.json"
    rest = json.dumps(EVENT) + ", " + " " * EXCERPT_CHARACTERS
    file.write_text(f"[{json.dumps(EVENT)} {rest}")
    summary = land(spark, lake, file)
    assert (summary.read, summary.accepted, summary.rejected) == (2, 1, 1)
    [row] = rejected(spark, lake)
    assert (row.position, row.reasons) == (2, ["file unreadable from here: invalid JSON"])
    assert row.record == rest[:EXCERPT_CHARACTERS] + "…"


def test_a_summary_names_a_limited_number_of_reasons(spark, lake, tmp_path):
    records = [EVENT | {f"field-{n}": n} for n in range(MAX_REASONS + 20)]
    contract = Contract(unknown_fields=ContractMode.REJECT)
    summary = land(spark, lake, written(tmp_path, records), contract)
    assert len(summary.rejected_by_reason) == MAX_REASONS + 1
    assert summary.rejected_by_reason[OTHER_REASONS] == 20


def test_the_last_record_of_a_message_id_in_a_file_counts(spark, lake, tmp_path):
    first = EVENT | {"message_id": "m-1", "message": "before"}
    summary = land(spark, lake, written(tmp_path, [first, first | {"message": "after"}]))
    [row] = landed(spark, lake)
    assert (row.text, row.position, summary.duplicates) == ("after", 2, 1)


def test_landing_a_corrected_file_replaces_its_batch_and_names_the_days_it_left(
    spark, lake, tmp_path
):
    land(spark, lake, written(tmp_path, [EVENT, EVENT | {"timestamp": "2026-01-08"}, "faulty"]))
    summary = land(spark, lake, written(tmp_path, [EVENT | {"message": "corrected"}, "faulty"]))
    assert [row.text for row in landed(spark, lake)] == ["corrected"]
    assert summary.event_days == ["2026-01-06"]
    assert summary.touched_days == ["2026-01-06", "2026-01-08"]
    name = f"landing={summary.landing}"
    assert folders(lake) == {f"landed_events/{name}", f"rejected_events/{name}"}


def test_days_stay_touched_when_a_file_lands_twice_before_they_are_refreshed(spark, lake, tmp_path):
    for day in ("2026-01-08", "2026-01-09", "2026-01-10"):
        summary = land(spark, lake, written(tmp_path, [EVENT | {"timestamp": day}]))
    assert summary.touched_days == ["2026-01-08", "2026-01-09", "2026-01-10"]


def test_days_that_a_published_landing_touched_are_not_touched_again(spark, lake, tmp_path):
    for day in ("2026-01-08", "2026-01-09", "2026-01-10"):
        file = written(tmp_path, [EVENT | {"timestamp": day}])
        summary = land(spark, lake, file, was_published=True)
    assert summary.touched_days == ["2026-01-09", "2026-01-10"]
    for touched in (["2026-01-10"], []):
        summary = withdraw(spark, lake, file, was_published=True)
        assert summary.touched_days == touched


def test_batches_with_any_file_name_stay_apart(spark, lake, tmp_path):
    twice = [EVENT, EVENT, {"user_id": "u-1"}]
    once = [EVENT | {"user_id": "u-2", "timestamp": "2026-01-08"}, "faulty", "faulty"]
    landings = [
        Landing(written(tmp_path, twice, "été (1) = 50%.json"), next_landing()),
        Landing(written(tmp_path, once, "2026.json"), next_landing()),
        Landing(written(tmp_path, [], "nothing.json"), next_landing()),
    ]
    done = land_files(spark, lake, landings, contract=Contract(), erased=NOBODY)
    assert done.failures == {}
    assert [
        (each.batch, each.landing, each.read, each.accepted, each.duplicates, each.event_days)
        for each in done.summaries
    ] == [
        ("été (1) = 50%.json", landings[0].number, 3, 1, 1, ["2026-01-06"]),
        ("2026.json", landings[1].number, 3, 1, 0, ["2026-01-08"]),
        ("nothing.json", landings[2].number, 0, 0, 0, []),
    ]
    assert [list(each.rejected_by_reason.values()) for each in done.summaries] == [[1] * 3, [2], []]
    assert {(row.batch, row.user_id, str(row.event_day)) for row in landed(spark, lake)} == {
        ("été (1) = 50%.json", "u-1", "2026-01-06"),
        ("2026.json", "u-2", "2026-01-08"),
    }
    assert [row.position for row in rejected(spark, lake, "2026.json")] == [2, 3]


def test_files_that_cannot_land_are_named_and_keep_no_other_from_landing(spark, lake, tmp_path):
    unreadable = tmp_path / "unreadable.json"
    unreadable.symlink_to("/proc/self/mem")  # nobody can read its beginning
    frozen = written(tmp_path, [EVENT | {"channel": 1}], "frozen.json")
    landings = [
        Landing(file, next_landing())
        for file in (unreadable, frozen, tmp_path / "gone.json", written(tmp_path, [EVENT]))
    ]
    contract = Contract(unknown_fields=ContractMode.FREEZE)
    done = land_files(spark, lake, landings, contract=contract, erased=NOBODY)
    assert {batch: reason.split()[0] for batch, reason in done.failures.items()} == {
        "gone.json": "no",
        "unreadable.json": "OSError:",
        "frozen.json": "batch",
    }
    assert [each.batch for each in done.summaries] == ["events.json"]
    assert lake.summaries() == done.summaries
    assert folders(lake) == {f"landed_events/landing={landings[-1].number}"}


def test_many_small_files_land_together_and_a_large_one_ends_its_group(tmp_path, monkeypatch):
    monkeypatch.setattr(landing, "_FILES_A_GROUP", 3)
    monkeypatch.setattr(landing, "_BYTES_A_GROUP", 100)
    sizes = {"a": 1, "b": 1, "c": 1, "d": 60, "e": 40, "f": 500, "gone": 0, "g": 1}
    landings = []
    for number, (name, size) in enumerate(sizes.items()):
        file = tmp_path / name
        if size:
            file.write_bytes(b" " * size)
        landings.append(Landing(file, number))
    groups = [[each.file.name for each in group] for group in in_groups(landings)]
    assert groups == [["a", "b", "c"], ["d", "e"], ["f"], ["gone", "g"]]


def test_rejected_records_are_written_in_order_of_position(spark, lake, tmp_path):
    file = tmp_path / "events.json"
    file.write_text("faulty\n" * 12_000)
    summary = land(spark, lake, file)
    [part] = lake.rejected(file.name, summary.landing).glob("*.parquet")
    assert pq.read_table(part)["position"].to_pylist() == list(range(1, 12_001))


def test_an_empty_file_is_a_batch_without_events(spark, lake, tmp_path):
    file = tmp_path / "events.json"
    file.touch()
    summary = land(spark, lake, file)
    assert (summary.read, summary.event_days) == (0, [])
    assert landed(spark, lake) == []
    assert folders(lake) == set()


def test_a_missing_file_is_named_and_leaves_the_batch_as_it_was(spark, lake, tmp_path):
    file = written(tmp_path, [EVENT])
    land(spark, lake, file)
    file.unlink()
    assert failure(spark, lake, file) == f"no file {file}; land it again"
    assert len(landed(spark, lake)) == 1


def test_an_interrupted_landing_is_not_read_and_removed_by_the_next(
    spark, lake, tmp_path, monkeypatch
):
    before = land(spark, lake, written(tmp_path, [EVENT, "faulty"]))
    corrected = written(tmp_path, [EVENT | {"message": "corrected"}, "faulty"])
    with monkeypatch.context() as interrupted:
        interrupted.setattr(
            Lake, "write_summary", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            land(spark, lake, corrected)
    assert [row.text for row in landed(spark, lake)] == [EVENT["message"]]
    assert lake.summary("events.json") == before
    assert len(folders(lake)) == 4
    land(spark, lake, corrected)
    assert [row.text for row in landed(spark, lake)] == ["corrected"]
    assert len(folders(lake)) == 2


def test_a_withdrawn_batch_holds_nothing_and_names_the_days_it_had(spark, lake, tmp_path):
    file = written(tmp_path, [EVENT, EVENT | {"timestamp": "2026-01-08"}, "faulty"])
    land(spark, lake, file)
    number = next_landing()
    [summary] = withdraw_files(spark, lake, [Landing(file, number)])
    assert (summary.withdrawn, summary.landing, summary.read) == (True, number, 0)
    assert (summary.event_days, summary.touched_days) == ([], ["2026-01-06", "2026-01-08"])
    assert landed(spark, lake) == []
    assert folders(lake) == set()
    assert lake.summaries() == [summary]


def test_withdrawing_a_batch_touches_the_days_of_other_batches_with_its_messages(
    spark, lake, tmp_path
):
    message = EVENT | {"message_id": "m-1"}
    # A later landing of an older file: the message of moved.json counts.
    moved = written(tmp_path, [message | {"timestamp": "2026-01-08"}], "moved.json", at=9)
    land(spark, lake, moved)
    land(spark, lake, written(tmp_path, [message], "first.json", at=5))
    summary = withdraw(spark, lake, moved)
    assert summary.touched_days == ["2026-01-06", "2026-01-08"]


def test_batches_that_change_together_touch_each_others_days_and_those_of_others(
    spark, lake, tmp_path
):
    def message(name: str, day: str, at: int) -> Path:
        return written(tmp_path, [EVENT | {"message_id": "m-1", "timestamp": day}], name, at=at)

    files = [message(f"{n}.json", f"2026-01-{n:02}", at=n) for n in (6, 7, 8)]
    for file in files:
        land(spark, lake, file, was_published=True)
    landings = [Landing(file, next_landing(), was_published=True) for file in files[1:]]
    days = ["2026-01-06", "2026-01-07", "2026-01-08"]
    done = land_files(spark, lake, landings, contract=Contract(), erased=NOBODY)
    assert [each.touched_days for each in done.summaries] == [days, days]
    landings = [Landing(file, next_landing(), was_published=True) for file in files[1:]]
    assert [each.touched_days for each in withdraw_files(spark, lake, landings)] == [days, days]
    assert [row.batch for row in landed(spark, lake)] == ["6.json"]


def test_a_withdrawn_batch_can_be_withdrawn_again_and_lands_again(spark, lake, tmp_path):
    file = written(tmp_path, [EVENT])
    land(spark, lake, file)
    for _ in range(2):
        summary = withdraw(spark, lake, file)
    assert summary.fingerprint == fingerprint(file)
    assert land(spark, lake, file).withdrawn is False
    assert len(landed(spark, lake)) == 1


def test_a_batch_that_never_landed_can_be_withdrawn(spark, lake, tmp_path):
    file = written(tmp_path, [EVENT], "never.json")
    summary = withdraw(spark, lake, file)
    assert (summary.withdrawn, summary.touched_days) == (True, [])


def test_a_contract_that_rejects_says_what_a_record_deviates_in(spark, lake, tmp_path):
    contract = Contract(unknown_fields=ContractMode.REJECT)
    summary = land(spark, lake, written(tmp_path, [EVENT, EVENT | {"channel": 1}]), contract)
    assert (summary.accepted, summary.rejected) == (1, 1)
    assert rejected(spark, lake)[0].reasons == ["unknown field channel"]


def test_a_contract_that_freezes_fails_the_batch_and_leaves_it_as_it_was(spark, lake, tmp_path):
    before = land(spark, lake, written(tmp_path, [EVENT]))
    file = written(tmp_path, [EVENT, EVENT, EVENT | {"channel": 1}, EVENT | {"device": 1}])
    reason = failure(spark, lake, file, Contract(unknown_fields=ContractMode.FREEZE))
    assert re.search(r"events\.json.*unknown field channel.*position 3", reason)
    assert lake.summary("events.json") == before
    assert [row.text for row in landed(spark, lake)] == [EVENT["message"]]


def test_records_of_erased_users_are_rejected_without_their_text_and_leave_the_file(
    spark, lake, tmp_path
):
    records = [EVENT, {"userId": " gone "}, EVENT | {"user_id": 7}, "faulty"]
    file = written(tmp_path, records)
    summary = land(spark, lake, file, subjects=erased("gone", "7"))
    assert (summary.read, summary.accepted, summary.rejected) == (4, 1, 3)
    assert summary.rejected_by_reason == {"user erased": 2, "record not an object": 1}
    assert [(row.position, row.record) for row in rejected(spark, lake)] == [
        (2, ""),
        (3, ""),
        (4, '"faulty"'),
    ]
    assert json.loads(file.read_text()) == [EVENT, "faulty"]
    assert (summary.fingerprint, file.stat().st_mtime) == (fingerprint(file), 1_767_700_000)


def test_the_summary_never_lags_behind_the_file_that_its_landing_rewrites(spark, tmp_path):
    """The sensor would take the file for a new one, and land it without the rejected record."""
    file = written(tmp_path, [EVENT, EVENT | {"user_id": "gone"}])
    seen = []

    class WatchedLake(Lake):
        def write_summary(self, summary):
            super().write_summary(summary)
            seen.append((summary.fingerprint, fingerprint(file)))

    before = fingerprint(file)
    land(spark, WatchedLake(tmp_path / "lake"), file, subjects=erased("gone"))
    after = fingerprint(file)
    assert after != before
    assert seen == [(NOT_SCRUBBED, before), (after, before)]


@pytest.mark.parametrize("interruption", [OSError("disk full"), KeyboardInterrupt()])
def test_a_file_that_could_not_be_rewritten_does_not_count_as_landed_until_it_is(
    spark, lake, tmp_path, monkeypatch, interruption
):
    """The sensor, for which no file has such a fingerprint, asks for it again."""
    file = written(tmp_path, [EVENT, EVENT | {"user_id": "gone"}])

    def interrupted(*_, **__):
        raise interruption

    with monkeypatch.context() as full, suppress(KeyboardInterrupt):
        full.setattr(landing, "scrub_file", interrupted)
        landings = [Landing(file, next_landing())]
        done = land_files(spark, lake, landings, contract=Contract(), erased=erased("gone"))
        assert done.failures == {file.name: "erased users are still in the file: disk full"}
    assert [row.user_id for row in landed(spark, lake)] == [EVENT["user_id"]]
    assert lake.summary(file.name).fingerprint == NOT_SCRUBBED != fingerprint(file)

    summary = land(spark, lake, file, subjects=erased("gone"))

    assert json.loads(file.read_text()) == [EVENT]
    assert summary.fingerprint == fingerprint(file)


def test_an_erased_user_does_not_freeze_a_batch(spark, lake, tmp_path):
    file = written(tmp_path, [EVENT | {"user_id": "gone", "channel": 1}])
    contract = Contract(unknown_fields=ContractMode.FREEZE)
    assert land(spark, lake, file, contract, erased("gone")).rejected == 1


def test_a_file_that_fails_the_contract_still_lands_once_it_is_corrected(spark, lake, tmp_path):
    contract = Contract(aliases=ContractMode.FREEZE)
    reason = failure(spark, lake, written(tmp_path, [{"userid": "u-1"}]), contract)
    assert "where the contract is frozen" in reason
    assert lake.summaries() == []
    assert land(spark, lake, written(tmp_path, [EVENT]), contract).accepted == 1


def test_many_large_records_land(spark, lake, tmp_path):
    records = [EVENT | {"user_id": f"u-{n}", "note": "x" * 500_000} for n in range(60)]
    file = tmp_path / "events.json"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    assert land(spark, lake, file).accepted == 60

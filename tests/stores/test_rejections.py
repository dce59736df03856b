"""Reading the rejected events of a lake that the tests write as landing does."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpp_stores.lake import REJECTED_EVENT_SCHEMA, BatchSummary, Lake
from mpp_stores.rejections import ROWS_A_BATCH, RejectedEvent, UnknownBatch, rejected

part_numbers = count()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def event(batch: str, position: int, *reasons: str) -> RejectedEvent:
    return RejectedEvent(
        batch, position, list(reasons or ["message missing"]), f'{{"line": {position}}}'
    )


def write_part(lake: Lake, batch: str, landing: int, events: list[RejectedEvent]) -> None:
    """One more Parquet file of the landing."""
    rows = [
        {
            "batch": each.batch,
            "position": each.position,
            "reasons": each.reasons,
            "record": each.record,
        }
        for each in events
    ]
    folder = lake.rejected(batch, landing)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_SUCCESS").touch()
    table = pa.Table.from_pylist(rows, schema=REJECTED_EVENT_SCHEMA)
    pq.write_table(table, folder / f"part-{next(part_numbers):05}.parquet")


def summarise(lake: Lake, batch: str, landing: int, rejected: int) -> None:
    """Make the landing the one that counts."""
    lake.write_summary(
        BatchSummary(
            batch=batch,
            landing=landing,
            fingerprint="1-1",
            withdrawn=False,
            read=rejected,
            accepted=0,
            rejected=rejected,
            duplicates=0,
            rejected_by_reason={},
            event_days=[],
            touched_days=[],
        )
    )


def land(lake: Lake, batch: str, *events: RejectedEvent, landing: int = 1) -> None:
    write_part(lake, batch, landing, list(events))
    summarise(lake, batch, landing, len(events))


def places(events: Iterator[RejectedEvent]) -> list[tuple[str, int]]:
    return [(each.batch, each.position) for each in events]


def test_a_rejected_event_comes_whole(lake: Lake) -> None:
    whole = RejectedEvent("a.json", 7, ["message empty", "timestamp invalid"], '{"message": " é"}')
    land(lake, "a.json", whole)
    assert list(rejected(lake)) == [whole]


def test_rejected_events_come_by_batch_and_position(lake: Lake) -> None:
    land(lake, "b.json", event("b.json", 1), event("b.json", 2))
    land(lake, "a.json", event("a.json", 3), event("a.json", 20))
    assert places(rejected(lake)) == [("a.json", 3), ("a.json", 20), ("b.json", 1), ("b.json", 2)]


def test_the_files_of_a_landing_are_merged_by_position(lake: Lake) -> None:
    write_part(lake, "a.json", 1, [event("a.json", position) for position in (2, 5, 6)])
    write_part(lake, "a.json", 1, [event("a.json", position) for position in (1, 4)])
    write_part(lake, "a.json", 1, [])
    write_part(lake, "a.json", 1, [event("a.json", 3)])
    summarise(lake, "a.json", 1, 6)
    assert [each.position for each in rejected(lake)] == [1, 2, 3, 4, 5, 6]


def test_more_events_than_are_read_at_once_all_come(lake: Lake) -> None:
    positions = range(1, 2 * ROWS_A_BATCH + 2)
    land(lake, "a.json", *(event("a.json", position) for position in positions))
    assert [each.position for each in rejected(lake)] == list(positions)


def test_only_the_landing_that_counts_is_read(lake: Lake) -> None:
    land(lake, "a.json", event("a.json", 1), landing=4)
    land(lake, "a.json", event("a.json", 2), landing=9)
    write_part(lake, "a.json", 11, [event("a.json", 3)])
    assert places(rejected(lake)) == [("a.json", 2)]


def test_one_batch_can_be_asked_for(lake: Lake) -> None:
    land(lake, "a.json", event("a.json", 1))
    land(lake, "b.json", event("b.json", 2))
    assert places(rejected(lake, batch="b.json")) == [("b.json", 2)]


@pytest.mark.parametrize(
    ("reason", "positions"),
    [
        ("timestamp invalid", [1, 3]),
        ("timestamp", [1, 2, 3]),
        ("invalid", []),
        ("message", [3]),
    ],
)
def test_a_reason_is_matched_whole_or_by_its_start(
    lake: Lake, reason: str, positions: list[int]
) -> None:
    land(
        lake,
        "a.json",
        event("a.json", 1, "timestamp invalid"),
        event("a.json", 2, "timestamp out of range"),
        event("a.json", 3, "message empty", "timestamp invalid"),
    )
    assert [each.position for each in rejected(lake, reason=reason)] == positions


def test_a_limit_counts_the_events_of_the_reason(lake: Lake) -> None:
    land(
        lake,
        "a.json",
        event("a.json", 1, "message empty"),
        *(event("a.json", position, "timestamp invalid") for position in (2, 3, 4)),
    )
    assert places(rejected(lake, reason="timestamp", limit=2)) == [("a.json", 2), ("a.json", 3)]
    assert list(rejected(lake, limit=0)) == []


def test_a_batch_without_rejected_events_needs_no_file(lake: Lake) -> None:
    summarise(lake, "a.json", 1, 0)
    assert list(rejected(lake)) == []
    assert list(rejected(lake, batch="a.json")) == []


def test_an_empty_lake_has_no_rejected_events(lake: Lake) -> None:
    assert list(rejected(lake)) == []


def test_an_unknown_batch_is_refused_at_once_naming_those_that_landed(lake: Lake) -> None:
    land(lake, "a.json", event("a.json", 1))
    with pytest.raises(UnknownBatch) as refused:
        rejected(lake, batch="c.json")
    assert str(refused.value) == "no batch 'c.json' has landed; landed batches: a.json"

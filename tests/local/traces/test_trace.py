from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mpp_local.traces.chain import LandedFiles, Trace, build_trace
from mpp_local.traces.tree import print_trace
from mpp_stores.lake import BatchSummary
from mpp_stores.records import ConversationDocument, Materialization
from tests.local.batches.pipeline import release
from tests.local.shown import shown

ITEM: dict[str, Any] = {
    "rank": 1,
    "campaign_id": "spring-[bold]sale",
    "score": 0.75,
    "score_parts": [{"name": "graph", "contribution": 0.25}],
    "explanation": {"messages": [{"message_id": "m1"}]},
}


def message(message_id: str, day: int, batch: str, position: int) -> ConversationDocument:
    sent_at = datetime(1999, 3, day, tzinfo=UTC)
    return ConversationDocument(
        *(message_id, "ada", "spring-[bold]sale", "hello", sent_at, sent_at.date()),
        *(batch, position, {}),
    )


def materialized(number: int, asset: str, partition: str = "") -> Materialization:
    at = datetime(1999, 3, 2, tzinfo=UTC)
    return Materialization(number, asset, partition, f"run-{number}", at, at, 1, 1)


CONTENTS = [
    materialized(1, "lake/landed_events", "a.json"),
    materialized(2, "lake/landed_events", "b.json"),
    materialized(3, "lake/landed_events", "unrelated.json"),
    materialized(4, "mongo/conversations", "1999-03-01"),
    materialized(5, "mongo/conversations", "1999-03-09"),
    materialized(6, "milvus/user_profiles"),
    materialized(7, "report/analytics_report"),
]


def summary(batch: str, landing: int) -> BatchSummary:
    return BatchSummary(batch, landing, f"12-{landing}", False, 1, 1, 0, 0, {}, [], [])


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """m1 is cited and of a.json; m2 is the user's own, of b.json, which landed again since."""
    files = LandedFiles(tmp_path / "landing", tmp_path / "withdrawn")
    files.withdrawn.mkdir()
    (files.withdrawn / "b.json").touch()
    return build_trace(
        "ada",
        ITEM,
        release=release("r1"),
        contents=CONTENTS,
        messages=[message("m1", 1, "a.json", 823), message("m2", 1, "b.json", 7)],
        files=files,
        summary_of={"a.json": summary("a.json", 1), "b.json": summary("b.json", 9)}.get,
    )


def test_only_the_materializations_of_the_days_concerned_are_behind_it(trace: Trace) -> None:
    assert [each.materialization for each in trace.materializations] == [6, 4]


def test_messages_lead_to_file_and_position(trace: Trace, tmp_path: Path) -> None:
    found = {each.message_id: (each.file, each.position, each.is_cited) for each in trace.messages}
    assert found == {
        "m1": (tmp_path / "landing" / "a.json", 823, True),
        "m2": (tmp_path / "withdrawn" / "b.json", 7, False),
    }
    assert trace.messages[0].event_day == date(1999, 3, 1)


def test_batches_lead_to_the_run_that_landed_them(trace: Trace) -> None:
    landings = {each.batch: each.landing and each.landing.dagster_run_id for each in trace.batches}
    assert landings == {"a.json": "run-1", "b.json": "run-2"}


def test_the_fingerprint_of_a_file_that_landed_again_is_not_passed_off(trace: Trace) -> None:
    assert [each.fingerprint for each in trace.batches] == ["12-1", None]


def test_the_tree_shows_the_whole_chain(trace: Trace, tmp_path: Path) -> None:
    text = shown(lambda console: print_trace(trace, console))
    for part in (
        "spring-[bold]sale for ada: rank 1, score 0.750",
        "release r1, published 1999-03-02 06:30:00 UTC, run 1f0c2a9b",
        "mongo/conversations 1999-03-01 #4",
        f"m1  1999-03-01  {tmp_path}/landing/a.json, position 823",
        "lake/landed_events a.json #1  run run-1",
        "fingerprint 12-1",
        "another file landed under this name since",
    ):
        assert part in text
    assert "unrelated.json" not in text

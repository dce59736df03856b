"""Two users ask to be forgotten while other runs are under way."""

from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mpp_assets.definitions import definitions
from mpp_stores.lake import Lake
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target
from tests.acceptance.flows import ERASED_USERS, LATE, LATE_USER, state
from tests.pipeline.releases import served
from tests.pipeline.sample import LATE_DAY
from tests.pipeline.stored_rows import rows_of

# Where engines may keep dropped bytes until they recycle their files: see docs/erasure.md.
ENGINE_FILES = "engines"
SOMEBODY_ELSE = "user-011"


@pytest.mark.parametrize("user", ERASED_USERS)
def test_the_receipt_names_places_and_nobody(erased, user):
    receipt = erased[user].split("receipt", maxsplit=1)[-1]
    for place in (*TARGETS, "lake/landed_events", "lake/rejected_events", "reports"):
        assert place in receipt
    assert user not in receipt


@pytest.mark.parametrize("target_name", sorted(TARGETS))
@pytest.mark.parametrize("user", [*ERASED_USERS, LATE_USER])
def test_no_store_has_a_row_of_the_user_in_any_release(settings, erased, target_name, user):
    with open_target(target_name, settings) as target:
        assert target.rows_of_user(user) == 0


@pytest.mark.parametrize("user", ERASED_USERS)
def test_no_file_of_the_stack_names_the_user(settings, erased, user):
    assert files_naming(settings, user) == []


def test_files_that_name_a_user_would_be_found(settings, erased):
    """Among them are Parquet files, whose compression hides what they hold."""
    kinds = {Path(name).suffix for name in files_naming(settings, SOMEBODY_ELSE)}
    assert kinds >= {".json", ".parquet"}


def files_naming(settings: StoreSettings, user: str) -> list[str]:
    """Paths below the stack's home. Engines have their own ways to drop what was deleted."""
    home = Path(settings.home)
    return [
        str(path)
        for path in sorted(file.relative_to(home) for file in home.rglob("*") if file.is_file())
        if path.parts[0] != ENGINE_FILES and user.encode() in content(home / path)
    ]


def content(file: Path) -> bytes:
    """Of a Parquet file also the values, each on a line."""
    found = file.read_bytes()
    if file.suffix != ".parquet":
        return found
    table = pq.ParquetFile(file).read()
    return b"\n".join([found, *(str(row).encode() for row in table.to_pylist())])


def test_the_messages_of_everybody_else_landed_again_as_they_were(settings, publication, erased):
    gone = (*ERASED_USERS, LATE_USER)
    before, after = publication.after, state(settings)
    assert after.said_by_others() == before.said_by_others(*gone)


def test_a_withdrawn_batch_is_in_no_store_and_its_file_is_kept(settings, erased):
    assert (settings.withdrawn / LATE).exists()
    summaries = Lake(settings.lake).summaries()
    assert {batch.batch: batch.accepted for batch in summaries}[LATE] == 0
    assert served(settings).row_counts["lake/landed_events"] == sum(
        batch.accepted for batch in summaries
    )


def test_runs_never_overlapped(erased, dagster):
    """Two for the same day, two erasures, an erasure during a run."""
    runs = sorted(dagster.runs(40), key=lambda run: run["startTime"])
    assert {run["jobName"] for run in runs} >= {"scrub_user", "complete_erasure", "refresh"}
    assert all(run["status"] == "SUCCESS" for run in runs), runs
    for first, second in pairwise(runs):
        assert first["endTime"] <= second["startTime"], (first, second)


def test_no_sensor_ever_failed_to_look(erased, dagster):
    failed = dagster.failed_ticks()
    assert set(failed) == {sensor.name for sensor in definitions.sensors or []}
    assert not any(failed.values()), failed


def test_the_day_that_two_runs_wrote_counts_each_of_its_messages_once(settings, erased):
    [day] = [
        row
        for row in rows_of(settings, "postgres/daily_activity")
        if row["event_day"].isoformat() == LATE_DAY
    ]
    messages = rows_of(settings, "mongo/conversations")
    said = [row for row in messages if row["sent_at"].date().isoformat() == LATE_DAY]
    assert day["message_count"] == len(said) > 0
    assert day["user_count"] == len({row["user_id"] for row in said})

"""Two users ask to be forgotten while other runs are under way."""

from itertools import pairwise
from pathlib import Path

import pytest

from mpp_stores.lake import Lake
from mpp_stores.targets import TARGETS, open_target
from tests.acceptance.flows import ERASED_USERS, LATE, LATE_USER, state
from tests.pipeline.releases import numbers, served
from tests.pipeline.sample import LATE_DAY

# Where engines may keep dropped bytes until they recycle their files: see docs/erasure.md.
ENGINE_FILES = "engines"


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
    home = Path(settings.home)
    naming = [
        str(file.relative_to(home))
        for file in home.rglob("*")
        if file.is_file()
        and file.relative_to(home).parts[0] != ENGINE_FILES
        and user.encode() in file.read_bytes()
    ]
    assert naming == []


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


def test_the_day_that_two_runs_wrote_holds_its_rows_once(settings, erased):
    with open_target("postgres/daily_activity", settings) as target:
        number = numbers(settings, "postgres/daily_activity")[LATE_DAY]
        assert target.digests([number])[number].row_count == 1

from datetime import date

import dagster as dg
import pytest

from mpp_assets.definitions import definitions
from mpp_assets.defs.conversations.sensors import (
    LONGEST_WAIT_SECONDS,
    Outcome,
    Refresh,
    day_ranges,
    decide_refresh,
    token_of,
)
from mpp_assets.partitions import range_tags
from mpp_stores.lake import BatchSummary, Lake

OWED = {7: ["2026-11-02", "2026-11-01"], 9: ["2026-10-05"]}


def decide(owed=OWED, outcome=Outcome.NONE, *, is_landing=False, waited_seconds=0.0):
    return decide_refresh(owed, outcome, is_landing=is_landing, waited_seconds=waited_seconds)


def test_the_days_that_landings_touched_and_no_other_are_refreshed():
    refresh = decide()
    assert isinstance(refresh, Refresh)
    assert refresh.ranges == [
        (date(2026, 10, 5), date(2026, 10, 5)),
        (date(2026, 11, 1), date(2026, 11, 2)),
    ]


def test_nothing_is_refreshed_when_every_landing_is_published():
    assert decide({}) == "every landing is published"


def test_a_landing_without_days_needs_no_refresh():
    assert isinstance(decide({7: []}), str)


@pytest.mark.parametrize("outcome", [Outcome.UNFINISHED, Outcome.SUCCEEDED, Outcome.FAILED])
def test_the_same_landings_are_asked_for_once(outcome):
    assert isinstance(decide(outcome=outcome), str)


def test_what_lands_after_a_failure_takes_the_failed_days_along():
    assert token_of([7]) != token_of([7, 9])
    refresh = decide({7: ["2026-11-01"], 9: ["2026-11-02"]})
    assert isinstance(refresh, Refresh)
    assert refresh.ranges == [(date(2026, 11, 1), date(2026, 11, 2))]


def test_days_wait_for_files_that_are_landing_but_not_for_ever():
    assert decide(is_landing=True) == "files are still landing"
    assert isinstance(decide(is_landing=True, waited_seconds=LONGEST_WAIT_SECONDS), Refresh)


def test_consecutive_days_are_one_range():
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
    assert day_ranges(days) == [
        (date(2026, 2, 28), date(2026, 3, 1)),
        (date(2026, 3, 3), date(2026, 3, 3)),
    ]


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("land", "files are still landing"),
        ("scrub_user", "files are still landing"),
        ("refresh_days", "the refresh is running"),
    ],
)
def test_what_goes_on_is_waited_for(own_pipeline, job, reason):
    """A refresh of other landings, too, and an erasure that rewrites files."""
    Lake(own_pipeline.lake).write_summary(
        BatchSummary("a.json", 7, "", False, 3, 3, 0, 0, {}, ["2026-10-05"], ["2026-10-05"])
    )
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name=job, status=dg.DagsterRunStatus.STARTED))
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        tick = repository.get_sensor_def("refresh_sensor").evaluate_tick(context)
    assert (tick.run_requests, tick.skip_message) == ([], reason)


def test_days_apart_are_runs_that_dagster_takes_of_which_the_last_publishes(own_pipeline):
    days = ["2026-10-05", "2026-11-01", "2026-11-02"]
    Lake(own_pipeline.lake).write_summary(
        BatchSummary("a.json", 7, "", False, 3, 3, 0, 0, {}, days, days)
    )
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        tick = repository.get_sensor_def("refresh_sensor").evaluate_tick(context)
    requested = {request.job_name: request.tags for request in tick.run_requests or []}
    assert list(requested) == ["refresh_days", "refresh"]
    assert requested["refresh_days"].items() >= range_tags(days[0], days[0]).items()
    assert requested["refresh"].items() >= range_tags(days[1], days[2]).items()

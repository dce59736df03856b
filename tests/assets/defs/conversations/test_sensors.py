"""Ticks of the sensors, over a pipeline and a Dagster instance of the test's own."""

import os
from collections.abc import Iterator, Mapping, Sequence
from time import time

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.events import DagsterEventType

from mpp_assets.definitions import definitions
from mpp_assets.defs.conversations import refreshes
from mpp_assets.defs.conversations.refreshes import LONGEST_WAIT_SECONDS
from mpp_assets.jobs.retention import CONVERSATION_EVENTS
from mpp_assets.partitions import RANGE_END_TAG, RANGE_START_TAG, range_tags
from mpp_stores.lake import BatchSummary, Lake, batch_key
from mpp_stores.postgres import materializations
from mpp_stores.settings import StoreSettings

DAYS = ["2026-10-05", "2026-11-01", "2026-11-02"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def land(settings: StoreSettings, days: Sequence[str], *, ago: float = 0.0) -> None:
    lake = Lake(settings.lake)
    lake.write_summary(BatchSummary("a.json", 7, "", False, 3, 3, 0, 0, {}, [*days], [*days]))
    landed_at = time() - ago
    os.utime(lake.batches / f"{batch_key('a.json')}.json", (landed_at, landed_at))


def tick(
    instance: dg.DagsterInstance, sensor: str = "refresh_sensor", cursor: str | None = None
) -> SensorExecutionData:
    repository = definitions.get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository, cursor=cursor)
    return repository.get_sensor_def(sensor).evaluate_tick(context)


def landing(instance: dg.DagsterInstance, cursor: str | None = None) -> list[Mapping[str, str]]:
    """The partitions of the runs that the landing sensor asks for, as tags."""
    requests = tick(instance, "landing_sensor", cursor).run_requests or []
    names = (RANGE_START_TAG, RANGE_END_TAG)
    return [{name: request.tags[name] for name in names} for request in requests]


def start(
    instance: dg.DagsterInstance, job: str, tags: Mapping[str, str] | None = None
) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name=job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return instance.add_run(run)


def end(instance: dg.DagsterInstance, run: dg.DagsterRun, *, succeeded: bool) -> None:
    kind = DagsterEventType.RUN_SUCCESS if succeeded else DagsterEventType.RUN_FAILURE
    event = dg.DagsterEvent(event_type_value=kind.value, job_name=run.job_name)
    instance.report_dagster_event(event, run.run_id)


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("land", "files are still landing"),
        ("scrub_user", "files are still landing"),
        ("refresh_days", "the refresh is running"),
    ],
)
def test_what_goes_on_is_waited_for(own_pipeline, instance, job, reason):
    """A refresh of other landings, too, and an erasure that rewrites files."""
    land(own_pipeline, DAYS)
    start(instance, job)
    data = tick(instance)
    assert (data.run_requests, data.skip_message) == ([], reason)


def test_days_apart_are_runs_that_dagster_takes_of_which_the_last_publishes(own_pipeline, instance):
    land(own_pipeline, DAYS)
    [earlier] = tick(instance).run_requests or []
    assert earlier.job_name == "refresh_days"
    assert earlier.tags.items() >= range_tags(DAYS[0], DAYS[0]).items()
    end(instance, start(instance, "refresh_days", earlier.tags), succeeded=False)
    assert "the refresh failed" in str(tick(instance).skip_message)

    # Dagster repeats a run that died, under the same tags.
    end(instance, start(instance, "refresh_days", earlier.tags), succeeded=True)
    [last] = tick(instance).run_requests or []
    assert last.job_name == "refresh"
    assert last.tags.items() >= range_tags(DAYS[1], DAYS[2]).items()


def test_no_run_key_is_asked_for_twice(own_pipeline, instance, monkeypatch):
    """Dagster would pass it over."""
    land(own_pipeline, DAYS[1:])
    [first] = tick(instance).run_requests or []
    end(instance, start(instance, "refresh", first.tags), succeeded=False)
    monkeypatch.setattr(refreshes, "time", lambda: time() + refreshes.AGAIN_SECONDS)
    [again] = tick(instance).run_requests or []
    assert again.tags == first.tags
    assert again.run_key != first.run_key


def begin(settings: StoreSettings, day: str) -> None:
    materializations.begin(
        settings, asset=CONVERSATION_EVENTS, partitions=[day], dagster_run_id="daily"
    )


def test_a_day_whose_daily_refresh_failed_is_refreshed_after_a_while(
    own_pipeline, instance, monkeypatch
):
    """Until it is, nothing is published."""
    begin(own_pipeline, DAYS[0])
    assert tick(instance).skip_message == "every landing is published"
    monkeypatch.setattr(refreshes, "AGAIN_SECONDS", 0.0)
    backfill = start(instance, "by hand")
    assert tick(instance).skip_message == "every landing is published"
    end(instance, backfill, succeeded=False)
    [request] = tick(instance).run_requests or []
    assert (request.job_name, request.tags[RANGE_START_TAG]) == ("refresh", DAYS[0])
    begin(own_pipeline, DAYS[0])
    [again] = tick(instance).run_requests or []
    assert again.run_key != request.run_key


def test_a_day_left_behind_is_refreshed_before_those_of_a_landing_are_published(
    own_pipeline, instance, monkeypatch
):
    monkeypatch.setattr(refreshes, "AGAIN_SECONDS", 0.0)
    land(own_pipeline, DAYS[1:])
    begin(own_pipeline, DAYS[1])
    [alone] = tick(instance).run_requests or []
    assert alone.tags.items() >= range_tags(DAYS[1], DAYS[2]).items()
    begin(own_pipeline, DAYS[0])
    [earlier] = tick(instance).run_requests or []
    assert (earlier.job_name, earlier.tags[RANGE_END_TAG]) == ("refresh_days", DAYS[0])


def drop_files(settings: StoreSettings) -> Mapping[str, str]:
    """The tags of the run that lands them."""
    settings.landing.mkdir()
    for name in ("b.json", "c.json"):
        (settings.landing / name).write_text("[]")
        os.utime(settings.landing / name, (1_767_700_000, 1_767_700_000))
    return range_tags("b.json", "c.json")


@pytest.mark.parametrize("entry", ['"2-1"', '["2-1", null]'])
def test_a_cursor_of_an_earlier_version_is_understood(own_pipeline, instance, entry):
    """It remembered what landed, without a time."""
    new = drop_files(own_pipeline)
    assert landing(instance, cursor=f'{{"b.json": {entry}}}') == [new]


def test_files_that_landed_long_ago_are_refreshed_before_others_land(own_pipeline, instance):
    new = drop_files(own_pipeline)
    land(own_pipeline, DAYS, ago=LONGEST_WAIT_SECONDS - 30)
    assert landing(instance) == [new]
    land(own_pipeline, DAYS, ago=2 * LONGEST_WAIT_SECONDS + 30)
    assert landing(instance) == [new]  # nobody seems to ask for their refresh
    land(own_pipeline, DAYS, ago=LONGEST_WAIT_SECONDS + 30)
    assert landing(instance) == []
    [request] = tick(instance).run_requests or []
    refresh = start(instance, "refresh_days", request.tags)
    assert landing(instance) == []
    end(instance, refresh, succeeded=False)
    # Nobody knows when it will succeed, and what lands may be what it needs.
    assert landing(instance) == [new]

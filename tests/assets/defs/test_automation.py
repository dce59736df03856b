from datetime import UTC, datetime

import dagster as dg
import pytest

from mpp_assets.definitions import definitions
from mpp_stores.lake import BatchSummary, Lake


@pytest.fixture
def lake(settings, tmp_path, monkeypatch) -> Lake:
    """Of an empty home."""
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    return Lake(tmp_path / "lake")


def tick(schedule="daily_refresh"):
    repository = definitions.get_repository_def()
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2026, 11, 24, 0, 30, tzinfo=UTC),
        repository_def=repository,
    )
    return repository.get_schedule_def(schedule).evaluate_tick(context)


def test_the_schedule_refreshes_the_day_that_ended(lake):
    lake.batches.mkdir(parents=True)
    [request] = tick().run_requests or []
    assert request.tags["dagster/partition"] == "2026-11-23"


def test_the_day_that_ended_is_left_to_the_refresh_of_landings_that_touch_it(own_pipeline):
    """Alone, it would bring half of a landing to readers."""
    lake = Lake(own_pipeline.lake)
    days = ["2026-10-05", "2026-11-23"]
    lake.write_summary(BatchSummary("a.json", 7, "", False, 2, 2, 0, 0, {}, days, days))
    assert "are about to be refreshed" in str(tick().skip_message)


def test_the_day_that_ended_is_asked_for(lake):
    lake.batches.mkdir(parents=True)
    assert len(tick("daily_freshness").run_requests or []) == 1


@pytest.mark.parametrize("schedule", ["daily_refresh", "daily_freshness"])
def test_schedules_wait_for_the_first_batch(lake, schedule):
    assert tick(schedule).skip_message == "nothing has landed yet"

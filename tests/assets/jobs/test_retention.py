from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mpp_assets.jobs.retention import (
    CONVERSATION_EVENTS,
    LANDED_EVENTS,
    drop_old_exposures,
    drop_unneeded,
    half_refreshed,
    refreshed_landings,
    unbuilt_days,
    unpublished_landings,
)
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import feedback, materializations
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.postgres.releases import publish
from mpp_stores.records import Exposure
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING

DAYS = ["1999-06-01", "1999-06-02"]
LAST_DAY = date.fromisoformat(DAYS[-1])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def begin(settings: StoreSettings, asset: str, *partitions: str) -> list[int]:
    numbers = materializations.begin(
        settings, asset=asset, partitions=partitions, dagster_run_id="r"
    )
    return [numbers[partition] for partition in partitions]


def refresh(settings: StoreSettings, *days: str) -> None:
    numbers = begin(settings, CONVERSATION_EVENTS, *days)
    materializations.complete(settings, dict.fromkeys(numbers, NOTHING))


def land(settings: StoreSettings, lake: Lake, batch: str, *days: str) -> BatchSummary:
    [number] = begin(settings, LANDED_EVENTS, batch)
    summary = BatchSummary(batch, number, "", False, 0, 0, 0, 0, {}, [*days], [*days])
    lake.write_summary(summary)
    return summary


def test_a_landing_is_refreshed_once_every_day_it_touched_was_built_after_it(own_database, lake):
    refresh(own_database, *DAYS)
    landed = land(own_database, lake, "a.json", *DAYS)
    assert refreshed_landings(unbuilt_days(own_database, lake)) == []
    refresh(own_database, DAYS[0])
    assert refreshed_landings(unbuilt_days(own_database, lake)) == []
    refresh(own_database, DAYS[1])
    assert refreshed_landings(unbuilt_days(own_database, lake)) == [landed]


def test_a_batch_is_half_refreshed_while_some_of_its_days_are_built_and_others_are_not(
    own_database, lake
):
    refresh(own_database, *DAYS)
    publish(own_database, dagster_run_id="first", data_through=LAST_DAY, quality={})
    land(own_database, lake, "a.json", *DAYS)
    assert half_refreshed(own_database, unbuilt_days(own_database, lake)) == {}
    refresh(own_database, DAYS[0])
    assert half_refreshed(own_database, unbuilt_days(own_database, lake)) == {"a.json": [DAYS[1]]}
    # What was built holds the file as it was, of which nothing else may be seen alone either.
    land(own_database, lake, "a.json", *DAYS)
    assert half_refreshed(own_database, unbuilt_days(own_database, lake)) == {"a.json": DAYS}
    refresh(own_database, *DAYS)
    assert half_refreshed(own_database, unbuilt_days(own_database, lake)) == {}


def test_a_batch_whose_days_are_all_to_be_built_is_not_seen_by_anybody(own_database, lake):
    land(own_database, lake, "a.json", DAYS[0])
    refresh(own_database, DAYS[1])
    assert half_refreshed(own_database, unbuilt_days(own_database, lake)) == {}


def test_a_landing_without_days_needs_no_refresh(own_database, lake):
    landed = land(own_database, lake, "empty.json")
    assert refreshed_landings(unbuilt_days(own_database, lake)) == [landed]


def test_a_published_landing_is_owed_again_when_the_batch_lands_again(own_database, lake):
    first = land(own_database, lake, "a.json", DAYS[0])
    materializations.complete(own_database, {first.landing: NOTHING})
    assert unpublished_landings(own_database, lake) == []
    second = land(own_database, lake, "a.json", DAYS[0])
    assert unpublished_landings(own_database, lake) == [second]


def test_landings_that_are_owed_are_not_forgotten(own_database, lake):
    owed = land(own_database, lake, "a.json", DAYS[0])
    refresh(own_database, DAYS[0])
    refresh(own_database, DAYS[0])
    drop_unneeded(own_database, "another run")
    assert set(materializations.latest(own_database, CONVERSATION_EVENTS)) == {DAYS[0]}
    materializations.complete(own_database, {owed.landing: NOTHING})
    assert materializations.latest(own_database, LANDED_EVENTS)["a.json"].materialization == (
        owed.landing
    )


@pytest.mark.parametrize(("kept_days", "left"), [(None, 4), (30, 2)])
async def test_exposures_stay_for_as_many_days_as_is_set(own_database, kept_days, left):
    now = datetime.now(UTC)
    exposures = [
        Exposure(str(age), "ada", ("boots", "tents"), "hybrid", "r1", now - timedelta(days=age))
        for age in (29, 31)
    ]
    store = FeedbackStore(own_database)
    await store.add_exposures(exposures)
    await store.close()
    settings = PipelineSettings(**own_database.model_dump(), kept_exposure_days=kept_days)
    assert drop_old_exposures(settings) == ({} if kept_days is None else {"postgres/exposures": 2})
    assert feedback.rows_of_user(settings, "ada") == left

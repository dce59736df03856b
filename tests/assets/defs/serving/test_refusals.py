"""States of the lake that are not published, in a pipeline of the test's own."""

import dagster as dg
import pytest

from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.serving.assets import serving_release
from mpp_assets.resources import Platform
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import materializations
from mpp_stores.postgres.releases import releases
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING

DAY, NEXT_DAY = "2026-01-05", "2026-01-06"


@pytest.fixture
def lake(own_pipeline: StoreSettings) -> Lake:
    return Lake(own_pipeline.lake)


def begin(settings: StoreSettings, asset: dg.AssetsDefinition, partition: str) -> int:
    name = asset.key.to_user_string()
    numbers = materializations.begin(
        settings, asset=name, partitions=[partition], dagster_run_id="r"
    )
    return numbers[partition]


def refusal() -> str:
    """Why nothing was published."""
    run = dg.materialize(
        [serving_release], resources={"platform": Platform()}, raise_on_error=False
    )
    assert not run.success
    [failure] = run.get_step_failure_events()
    return str(failure.step_failure_data.error.message)


def test_a_landing_that_lost_records_is_not_published(lake, own_database):
    number = begin(own_database, landed_events, "a.json")
    lake.write_summary(BatchSummary("a.json", number, "", False, 2, 2, 0, 0, {}, [DAY], [DAY]))
    day = begin(own_database, conversation_events, DAY)
    materializations.complete(own_database, {day: NOTHING})
    assert "'a.json': {'read': 2, 'accepted': 2" in refusal()
    assert releases(own_database, 1) == []


def test_half_of_a_batch_is_not_published(lake, own_database):
    number = begin(own_database, landed_events, "a.json")
    days = [DAY, NEXT_DAY]
    lake.write_summary(BatchSummary("a.json", number, "", False, 2, 2, 0, 0, {}, days, days))
    day = begin(own_database, conversation_events, NEXT_DAY)
    materializations.complete(own_database, {day: NOTHING})
    assert str({"a.json": [DAY]}) in refusal()
    assert releases(own_database, 1) == []


def test_a_day_whose_rows_may_be_half_replaced_is_not_published(lake, own_database):
    begin(own_database, conversation_events, DAY)
    assert f"lake/conversation_events of {DAY}" in refusal()
    assert releases(own_database, 1) == []

"""Files on their way into a lake of the test's own, as Dagster runs it."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.landing import assets
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.landing.checks import accounts_for_every_record
from mpp_assets.jobs import landing
from mpp_assets.partitions import BATCHES, range_tags
from mpp_assets.resources import Platform
from mpp_stores.lake import Lake
from mpp_stores.postgres import materializations
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING
from tests.assets.defs.lone_check import evaluate
from tests.assets.jobs.landed_files import EVENT

FIRST_DAY, SECOND_DAY, THIRD_DAY = "2026-01-05", "2026-01-06", "2026-01-07"


@pytest.fixture
def own(own_pipeline: StoreSettings) -> StoreSettings:
    own_pipeline.landing.mkdir()
    return own_pipeline


@pytest.fixture
def land(spark, own: StoreSettings) -> Callable[..., dg.ExecuteInProcessResult]:
    """One run that lands these batches."""

    def run(*batches: str) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(BATCHES.name or "", batches)
            return dg.materialize(
                [landed_events],
                instance=instance,
                tags=range_tags(batches[0], batches[-1]),
                resources={"platform": Platform(), "spark": LazyPySparkResource(spark_config={})},
                raise_on_error=False,
            )

    return run


def test_a_landing_whose_jvm_died_is_tried_again(own, land, monkeypatch):
    write(own, "a.json", FIRST_DAY)
    faults: list[Exception] = [ConnectionRefusedError(111, "Connection refused")]

    def land_files(*arguments: Any, **options: Any) -> landing.Landed:
        if faults:
            raise faults.pop()
        return landing.land_files(*arguments, **options)

    monkeypatch.setattr(assets, "land_files", land_files)
    assert land("a.json").success
    assert touched_days(own, "a.json") == [FIRST_DAY]


def write(settings: StoreSettings, batch: str, day: str) -> None:
    (settings.landing / batch).write_text(json.dumps([EVENT | {"timestamp": day}]))


def touched_days(settings: StoreSettings, batch: str) -> list[str]:
    summary = Lake(settings.lake).summary(batch)
    assert summary is not None
    return summary.touched_days


def publish(settings: StoreSettings, batch: str) -> None:
    summary = Lake(settings.lake).summary(batch)
    assert summary is not None
    materializations.complete(settings, {summary.landing: NOTHING})


def test_a_file_that_executors_cannot_read_is_named_and_the_others_land(own, land):
    (own.landing / "a.json").symlink_to("/proc/self/mem")  # nobody can read its beginning
    write(own, "b.json", FIRST_DAY)
    result = land("a.json", "b.json")
    [failure] = result.get_step_failure_events()
    assert "a.json: OSError: " in failure.step_failure_data.error.message
    assert [batch.batch for batch in Lake(own.lake).summaries()] == ["b.json"]
    [shown] = result.asset_materializations_for_node("lake__landed_events")
    assert (shown.partition, shown.metadata["accepted"].value) == ("b.json", 1)


def test_a_landing_that_lost_a_record_since_is_named(own, land):
    for batch in ("a.json", "b.json"):
        write(own, batch, FIRST_DAY)
    assert land("a.json", "b.json").success
    assert evaluate(accounts_for_every_record).passed
    lake = Lake(own.lake)
    summary = lake.summary("a.json")
    assert summary is not None
    shutil.rmtree(lake.landed("a.json", summary.landing))
    found = evaluate(accounts_for_every_record)
    assert not found.passed
    [(batch, figures)] = found.metadata["batches"].value.items()
    assert (batch, figures["accepted"], figures["accepted_in_lake"]) == ("a.json", 1, 0)
    of_a_landing = range_tags("b.json", "b.json")
    assert not evaluate(accounts_for_every_record, of_a_landing).passed
    publish(own, "a.json")
    assert evaluate(accounts_for_every_record, of_a_landing).passed
    assert not evaluate(accounts_for_every_record).passed


def test_days_are_touched_again_until_a_release_holds_them(own, land):
    for day in (FIRST_DAY, SECOND_DAY):
        write(own, "a.json", day)
        assert land("a.json").success
    assert touched_days(own, "a.json") == [FIRST_DAY, SECOND_DAY]
    publish(own, "a.json")
    write(own, "a.json", THIRD_DAY)
    assert land("a.json").success
    assert touched_days(own, "a.json") == [SECOND_DAY, THIRD_DAY]
    own.withdrawn.mkdir()
    (own.landing / "a.json").rename(own.withdrawn / "a.json")
    publish(own, "a.json")
    assert land("a.json").success
    assert touched_days(own, "a.json") == [THIRD_DAY]

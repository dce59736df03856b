import dataclasses

import dagster as dg
import pytest

from mpp_assets.definitions import definitions
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.pool import POOL
from mpp_stores.records import Release
from mpp_stores.targets import TARGETS

REPOSITORY = definitions.get_repository_def()
GRAPH = REPOSITORY.asset_graph
DAILY = {
    key
    for key in GRAPH.materializable_asset_keys
    if isinstance(GRAPH.get(key).partitions_def, dg.DailyPartitionsDefinition)
}


def checks_of(job: str) -> set[dg.AssetCheckKey]:
    return set(REPOSITORY.get_job(job).asset_layer.asset_graph.asset_check_keys)


def test_every_store_target_has_an_asset_of_its_name():
    assert set(TARGETS) <= {key.to_user_string() for key in GRAPH.materializable_asset_keys}


@pytest.mark.parametrize(
    "key", sorted(GRAPH.materializable_asset_keys), ids=lambda key: key.to_user_string()
)
def test_every_asset_says_what_it_is(key: dg.AssetKey):
    node = GRAPH.get(key)
    assert len(key.path) == 2
    assert node.description
    assert node.group_name != "default"
    assert node.owners
    assert node.kinds
    assert node.metadata["dagster/column_schema"].columns
    assert all(column.description for column in node.metadata["dagster/column_schema"].columns)
    assert node.freshness_policy is not None
    assert node.pools == {POOL}


def test_the_columns_of_a_release_are_what_a_release_has():
    release = GRAPH.get(dg.AssetKey(["postgres", "serving_release"]))
    shown = [column.name for column in release.metadata["dagster/column_schema"].columns]
    assert shown == [field.name for field in dataclasses.fields(Release)]


def test_what_is_derived_from_all_days_follows_its_upstream():
    for key in GRAPH.materializable_asset_keys:
        node = GRAPH.get(key)
        is_derived = node.partitions_def is None and bool(node.parent_keys)
        assert bool(node.automation_condition) == is_derived, key


def test_a_day_that_somebody_materialized_is_followed_by_what_is_made_of_it():
    """Although most days since 2020 never were: a condition that missed them would hold it up."""
    cursor = None

    def requested(instance: dg.DagsterInstance) -> set[str]:
        nonlocal cursor
        found = dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)
        cursor = found.cursor
        keys = GRAPH.materializable_asset_keys
        return {key.to_user_string() for key in keys if found.get_num_requested(key)}

    with dg.DagsterInstance.ephemeral() as instance:
        assert requested(instance) == set()
        day = dg.AssetMaterialization(["postgres", "daily_activity"], partition="2026-11-02")
        instance.report_runless_asset_event(day)
        for check in GRAPH.asset_check_keys:
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=check.asset_key, check_name=check.name, passed=True
                )
            )
        assert requested(instance) == set()
        assert requested(instance) == {"report/analytics_report", "postgres/serving_release"}
        assert requested(instance) == set()


def test_every_check_that_reads_a_store_is_in_the_pool_of_those_that_write():
    for check in definitions.asset_checks:
        if not all(key.name == "last_day_is_there" for key in check.check_keys):
            assert check.op.pool == POOL, check.check_keys


def test_sensors_and_schedules_run_from_the_start():
    automations = [*REPOSITORY.sensor_defs, *REPOSITORY.schedule_defs]
    assert {each.name for each in automations} == {
        "landing_sensor",
        "refresh_sensor",
        "campaigns_sensor",
        "erasure_sensor",
        "automation",
        "daily_refresh",
        "daily_freshness",
    }
    assert all(each.default_status.value == "RUNNING" for each in automations)


def test_a_range_of_days_is_one_run():
    assert DAILY
    assert all(GRAPH.get(key).backfill_policy == dg.BackfillPolicy.single_run() for key in DAILY)


def test_a_release_waits_for_every_store_and_every_blocking_check():
    release = dg.AssetKey(["postgres", "serving_release"])
    upstream = dg.AssetSelection.assets(release).upstream().resolve(GRAPH)
    assert upstream == GRAPH.materializable_asset_keys
    blocking = {
        key
        for check in definitions.asset_checks
        for key in check.check_keys
        if GRAPH.get(key).blocking
    }
    assert {key.name for key in GRAPH.asset_check_keys - blocking} == {
        "volume_is_usual",
        "last_day_is_there",
    }
    of_landings = dg.AssetCheckKey(landed_events.key, "accounts_for_every_record")
    assert blocking - checks_of("refresh") == {of_landings}


def test_days_that_another_run_publishes_are_not_asked_what_holds_of_all_days():
    """A message can have moved to one of them from a day that the later run refreshes."""
    omitted = {
        key for key in checks_of("refresh") - checks_of("refresh_days") if key.asset_key in DAILY
    }
    assert {key.name for key in omitted} == {"message_ids_are_unique"}


def test_every_day_is_asked_for_after_its_deadline():
    assert {key.asset_key for key in checks_of("freshness")} == DAILY
    assert {key.name for key in checks_of("freshness")} == {"last_day_is_there"}
    assert REPOSITORY.get_schedule_def("daily_freshness").job_name == "freshness"


def test_the_refresh_job_runs_everything_but_landing():
    job = REPOSITORY.get_job("refresh")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        key.to_user_string() for key in GRAPH.materializable_asset_keys
    } - {"lake/landed_events"}


def test_publishing_campaigns_reads_the_file_and_computes_nothing_else():
    job = REPOSITORY.get_job("publish_campaigns")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        "postgres/campaigns",
        "postgres/serving_release",
    }
    checks = {check.name for check in job.asset_layer.asset_graph.asset_check_keys}
    assert "equals_the_file" in checks

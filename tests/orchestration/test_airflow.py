"""The pipeline under real Airflow."""

import shutil

import dagster as dg
import pytest

from mpp_assets.airflow_export import GROUPINGS, export_tasks
from mpp_assets.definitions import definitions
from mpp_assets.run_assets import ORCHESTRATOR_TAG
from mpp_stores.lake import Lake
from tests.orchestration.airflow import AFTER_SEED_DAY
from tests.pipeline.releases import numbers, served
from tests.pipeline.sample import DAILY, LATE_DAY, SEED_DAY
from tests.pipeline.stored_rows import message_ids

GRAPH = definitions.get_repository_def().asset_graph
TASKS = [task.task_id for task in export_tasks(GRAPH, GROUPINGS["group"])]


@pytest.fixture
def message_of_two_days(settings):
    """An event that the lake holds in a second day as well."""
    days = Lake(settings.lake).conversation_events
    [original, *_] = (days / f"event_day={LATE_DAY}").glob("*.parquet")
    copy = days / "event_day=2026-10-01" / original.name
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(original, copy)
    yield
    copy.unlink()


@pytest.fixture(scope="module")
def parsed(airflow):
    return airflow.parse(AFTER_SEED_DAY)


@pytest.mark.parametrize("by", sorted(GROUPINGS))
def test_airflow_reads_the_graph_as_dagster_has_it(parsed, by):
    assert parsed[by]["errors"] == {}
    expected = export_tasks(GRAPH, GROUPINGS[by])
    assert parsed[by]["upstream"] == {task.task_id: list(task.upstream) for task in expected}
    assert parsed[by]["interval"][0].startswith(SEED_DAY)


def test_a_dag_run_lands_refreshes_and_publishes(airflow, first_run, settings):
    assert airflow.states() == dict.fromkeys(TASKS, "success")
    landed = Lake(settings.lake).summaries()
    assert len(landed) == 2
    assert numbers(settings, "lake/landed_events") == {each.batch: each.landing for each in landed}
    accepted = sum(each.accepted for each in landed)
    assert len(message_ids(settings, "milvus/messages")) == accepted
    for asset in DAILY:
        assert numbers(settings, asset).keys() == {"2026-11-16", LATE_DAY, SEED_DAY}, asset


def test_the_runs_log_is_in_the_task_log_and_dagster_keeps_the_runs(first_run, stack, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", stack["DAGSTER_HOME"])
    tags = {ORCHESTRATOR_TAG: "airflow marketing_personalization_pipeline"}
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs(dg.RunsFilter(tags=tags))
    assert len(runs) == len(TASKS)
    assert all(kept.is_success and kept.run_id in first_run for kept in runs)


def test_a_failed_check_stops_what_is_downstream(airflow, first_run, settings, message_of_two_days):
    release = served(settings)
    done = airflow.test(AFTER_SEED_DAY)
    assert done.returncode != 0, done.stdout
    waiting = dict.fromkeys(TASKS, "upstream_failed")
    assert airflow.states() == waiting | {"landing": "success", "conversations": "failed"}
    assert served(settings) == release

"""The pipeline under real Airflow."""

import json
import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from mpp_assets.airflow_export import GROUPINGS, export_tasks
from mpp_assets.definitions import definitions
from mpp_assets.run_assets import ORCHESTRATOR_TAG
from mpp_stores.lake import Lake
from tests.orchestration.airflow import Airflow
from tests.pipeline.releases import numbers, served
from tests.pipeline.sample import DAILY, LATE_DAY, SEED_DAY
from tests.pipeline.stored_rows import message_ids, stored_rows

AFTER_SEED_DAY = "2026-11-19T00:30:00+00:00"
BATCH = "landed-by-airflow.jsonl"
EVENT = {
    "message_id": "landed-by-airflow",
    "user_id": "airflow-user-9001",
    "message": "Is there a sale on trail shoes this weekend?",
    "timestamp": f"{LATE_DAY}T12:00:00Z",
    "campaign": "running-shoe-trade-in",
}
GRAPH = definitions.get_repository_def().asset_graph
TASKS = [task.task_id for task in export_tasks(GRAPH, GROUPINGS["group"])]

pytestmark = pytest.mark.usefixtures("materialized")


@pytest.fixture(scope="module")
def airflow(stack, tmp_path_factory) -> Airflow:
    return Airflow(tmp_path_factory.mktemp("airflow"), stack)


@pytest.fixture(scope="module")
def late_file(settings) -> Path:
    """A file that Airflow has to land, of a day before the one that it runs for."""
    file = settings.landing / BATCH
    file.write_text(json.dumps(EVENT))
    os.utime(file, (1_790_000_000, 1_790_000_000))
    return file


@pytest.fixture(scope="module")
def first_run(airflow, late_file, settings):
    before = {asset: numbers(settings, asset) for asset in DAILY}
    done = airflow.test(AFTER_SEED_DAY)
    assert done.returncode == 0, done.stdout
    return done.stdout, before


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


@pytest.mark.parametrize("by", ["asset", "group"])
def test_airflow_reads_the_graph_as_dagster_has_it(airflow, by):
    found = airflow.parse(by, AFTER_SEED_DAY)
    assert found["errors"] == {}
    expected = export_tasks(GRAPH, GROUPINGS[by])
    assert found["upstream"] == {task.task_id: list(task.upstream) for task in expected}
    assert found["interval"][0].startswith(SEED_DAY)


def test_a_dag_run_lands_refreshes_and_publishes(airflow, first_run, settings):
    _, before = first_run
    assert airflow.states() == dict.fromkeys(TASKS, "success")
    summary = Lake(settings.lake).summary(BATCH)
    assert summary is not None
    assert numbers(settings, "lake/landed_events")[BATCH] == summary.landing
    assert EVENT["message_id"] in message_ids(settings, "milvus/messages")
    for asset in DAILY:
        changed = {
            day for day, number in numbers(settings, asset).items() if before[asset][day] != number
        }
        assert changed >= {SEED_DAY, LATE_DAY}, asset


def test_the_runs_log_is_in_the_task_log_and_dagster_keeps_the_runs(first_run, stack, monkeypatch):
    log, _ = first_run
    monkeypatch.setenv("DAGSTER_HOME", stack["DAGSTER_HOME"])
    tags = {ORCHESTRATOR_TAG: "airflow marketing_personalization_pipeline"}
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs(dg.RunsFilter(tags=tags))
    assert len(runs) == len(TASKS)
    assert all(kept.is_success and kept.run_id in log for kept in runs)


def test_the_same_run_again_changes_no_row(airflow, first_run, settings):
    release, rows = served(settings), stored_rows(settings)
    again = airflow.test(AFTER_SEED_DAY)
    assert again.returncode == 0, again.stdout
    assert served(settings) != release
    found = stored_rows(settings)
    for name in rows:
        assert found[name] == rows[name], name


def test_a_failed_check_stops_what_is_downstream(airflow, first_run, settings, message_of_two_days):
    release = served(settings)
    done = airflow.test(AFTER_SEED_DAY)
    assert done.returncode != 0, done.stdout
    waiting = dict.fromkeys(TASKS, "upstream_failed")
    assert airflow.states() == waiting | {"landing": "success", "conversations": "failed"}
    assert served(settings) == release

"""The DAG file, without Airflow. tests/orchestration/test_airflow.py runs it."""

import ast
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.schedules import reverse_cron_string_iterator

from mpp_assets.airflow_export import (
    EXAMPLE,
    GROUPINGS,
    TasksInACycle,
    export_tasks,
    render_dag,
)
from mpp_assets.definitions import definitions
from mpp_assets.defs.automation import daily_refresh
from mpp_stores.lake import Lake

GRAPH = definitions.get_repository_def().asset_graph
BY_ASSET = {task.task_id: task for task in export_tasks(GRAPH, GROUPINGS["asset"])}
BY_GROUP = {task.task_id: task for task in export_tasks(GRAPH, GROUPINGS["group"])}


def asset(name, *deps, group="some", **options):
    @dg.asset(name=name, deps=list(deps), group_name=group, **options)
    def made():
        """What there is."""

    return made


def graph_of(*assets):
    return dg.Definitions(assets=list(assets)).get_repository_def().asset_graph


def test_the_committed_example_is_what_would_be_generated():
    committed = (Path(__file__).parents[2] / EXAMPLE).read_text(encoding="utf-8")
    assert committed == render_dag(), "run: mpp export-airflow, and copy the file there"


def test_every_asset_is_one_task_that_waits_for_its_upstream_assets():
    assert {task.assets[0] for task in BY_ASSET.values()} == {
        key.to_user_string() for key in GRAPH.materializable_asset_keys
    }
    for task in BY_ASSET.values():
        [name] = task.assets
        parents = GRAPH.get(dg.AssetKey.from_user_string(name)).parent_keys
        assert {BY_ASSET[upstream].assets[0] for upstream in task.upstream} == {
            key.to_user_string() for key in parents
        }


def test_every_asset_is_in_the_task_of_its_group_and_nowhere_else():
    names = [name for task in BY_GROUP.values() for name in task.assets]
    assert sorted(names) == sorted(key.to_user_string() for key in GRAPH.materializable_asset_keys)
    for task_id, task in BY_GROUP.items():
        assert {GRAPH.get(dg.AssetKey.from_user_string(n)).group_name for n in task.assets} == {
            task_id
        }


@pytest.mark.parametrize("tasks", [BY_ASSET, BY_GROUP])
def test_a_task_comes_after_those_that_it_waits_for(tasks):
    order = list(tasks)
    for task in tasks.values():
        assert all(order.index(upstream) < order.index(task.task_id) for upstream in task.upstream)


def test_airflow_retries_what_dagster_would():
    assert (BY_ASSET["neo4j__messages"].retries, BY_ASSET["neo4j__messages"].retry_delay) == (2, 5)
    assert {task.retries for task in BY_ASSET.values()} == {2}
    assert BY_GROUP["graph"].retries == 2


def test_the_text_of_a_task_names_the_checks_that_it_runs():
    doc = BY_ASSET["lake__conversation_events"].doc
    assert "`message_ids_are_unique` (blocking)" in doc
    assert "`volume_is_usual` (warning)" in doc
    assert "last_day_is_there" not in doc


@pytest.mark.parametrize("by", sorted(GROUPINGS))
def test_the_file_needs_airflow_and_the_standard_library_only(by):
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(render_dag(by)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    top = {name.partition(".")[0] for name in imported}
    assert top - sys.stdlib_module_names == {"airflow"}


def test_the_file_says_nothing_of_the_machine_it_was_written_on():
    for by in GROUPINGS:
        assert sys.prefix not in render_dag(by)
        assert str(Path.cwd()) not in render_dag(by)


def test_by_job_the_refresh_follows_the_landing_and_has_all_other_assets():
    land, refresh = export_tasks(GRAPH, GROUPINGS["job"])
    assert (land.task_id, land.assets, land.upstream) == ("land", ["lake/landed_events"], [])
    assert (refresh.task_id, refresh.upstream) == ("refresh", ["land"])
    assert {*land.assets, *refresh.assets} == {
        key.to_user_string() for key in GRAPH.materializable_asset_keys
    }


def test_groups_that_need_each_other_are_refused_by_name():
    first = asset("first", group="left")
    second = asset("second", first, group="right")
    third = asset("third", second, group="left")
    with pytest.raises(TasksInACycle, match=r"left -> right -> left|right -> left -> right"):
        export_tasks(graph_of(first, second, third), GROUPINGS["group"])


def test_the_data_interval_starts_on_the_day_that_the_schedule_materializes(own_pipeline):
    Lake(own_pipeline.lake).batches.mkdir(parents=True)
    runs_at = datetime(2026, 11, 19, 0, 30, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=runs_at)
    request = daily_refresh(context)
    assert isinstance(request, dg.RunRequest)
    ticks = reverse_cron_string_iterator(
        (runs_at - timedelta(minutes=1)).timestamp(),
        str(daily_refresh.cron_schedule),
        daily_refresh.execution_timezone,
    )
    assert request.partition_key == next(ticks).date().isoformat()

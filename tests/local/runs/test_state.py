from mpp_local.runs.events import (
    AssetMaterialized,
    AssetPlanned,
    RunEnded,
    StepFailed,
    StepLogged,
    StepRetrying,
    StepStarted,
)
from mpp_local.runs.state import RunState, State


def planned_run(*assets: str) -> RunState:
    run = RunState("1f0c2a9b", "refresh 1999-03-01")
    for asset in assets:
        run.apply(AssetPlanned(asset, asset))
    return run


def test_an_asset_waits_runs_and_is_done() -> None:
    run = planned_run("events")
    asset = run.assets["events"]
    assert asset.state is State.WAITING
    run.apply(StepStarted("events", 10.0))
    assert (asset.state, asset.elapsed_seconds(now=11.5)) == (State.RUNNING, 1.5)
    run.apply(AssetMaterialized("events", "events", {"dagster/row_count": 7}, 12.0))
    assert (asset.state, asset.rows, asset.elapsed_seconds(now=99.0)) == (State.DONE, 7, 2.0)


def test_what_a_step_said_last_is_known_while_its_asset_runs() -> None:
    run = planned_run("events")
    asset = run.assets["events"]
    run.apply(StepStarted("events", 10.0))
    for said in ("half", "all"):
        assert run.apply(StepLogged("events", said)) == [asset]
    assert (asset.state, asset.message) == (State.RUNNING, "all")
    run.apply(AssetMaterialized("events", "events", {}, 12.0))
    assert run.apply(StepLogged("events", "tidied up")) == []
    assert asset.state is State.DONE


def test_the_partitions_of_a_range_change_an_asset_once() -> None:
    run = planned_run("events")
    materialized = AssetMaterialized("events", "events", {}, 1.0)
    assert [len(run.apply(materialized)) for _ in range(3)] == [1, 0, 0]


def test_what_never_started_is_skipped_when_the_run_ends() -> None:
    run = planned_run("events", "vectors")
    run.apply(StepFailed("events", "ValueError: no", 1.0))
    run.apply(RunEnded(succeeded=False, message="Steps failed.", at=2.0))
    assert run.assets["vectors"].state is State.SKIPPED
    assert run.failures() == ["events failed: ValueError: no"]


def test_an_asset_that_succeeds_on_a_later_try_is_no_failure() -> None:
    run = planned_run("events")
    run.apply(StepStarted("events", 1.0))
    run.apply(StepRetrying("events", "StoreUnavailable"))
    assert run.assets["events"].state is State.RETRYING
    run.apply(StepStarted("events", 5.0))
    run.apply(AssetMaterialized("events", "events", {}, 6.0))
    run.apply(RunEnded(succeeded=True, message="", at=7.0))
    assert run.failures() == []


def test_a_run_that_dies_before_any_asset_fails_as_a_whole() -> None:
    run = planned_run("events")
    run.apply(RunEnded(succeeded=False, message="the run worker died", at=2.0))
    assert run.failures() == ["refresh 1999-03-01 failed: the run worker died"]


def test_a_check_with_a_step_of_its_own_is_a_failure_under_its_steps_name() -> None:
    run = planned_run("events")
    run.apply(StepFailed("events_agree", "5 rows are missing", 1.0))
    run.apply(RunEnded(succeeded=False, message="Steps failed.", at=2.0))
    assert run.failures() == ["events_agree failed: 5 rows are missing"]

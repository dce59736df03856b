"""Runs of a small repository. tests/orchestration/test_airflow.py runs the pipeline's."""

import signal
import subprocess
import sys

import dagster as dg
import pytest

from mpp_assets.run_assets import ORCHESTRATOR_TAG, AssetRunner, Status
from tests.waiting import wait_until

ERRORS = {
    "works": None,
    "breaks": RuntimeError("not now"),
    "refuses": dg.Failure("never", allow_retries=False),
}
MADE: list[str] = []


@pytest.fixture
def instance():
    MADE.clear()
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def runner(instance, *, check_passes=True):
    def asset(name):
        @dg.asset(name=name)
        def made() -> None:
            if (error := ERRORS[name]) is not None:
                raise error
            MADE.append(name)

        return made

    @dg.asset_check(asset="works", blocking=True)
    def holds() -> dg.AssetCheckResult:
        MADE.append("checked")
        return dg.AssetCheckResult(passed=check_passes)

    @dg.asset_check(asset="works")
    def is_on_time() -> dg.AssetCheckResult:
        MADE.append("asked for freshness")
        return dg.AssetCheckResult(passed=True)

    everything = dg.AssetSelection.all()
    on_time = dg.AssetSelection.checks(is_on_time)
    repository = dg.Definitions(
        assets=[asset(name) for name in ERRORS],
        asset_checks=[holds, is_on_time],
        jobs=[dg.define_asset_job("job", everything - on_time)],
    ).get_repository_def()
    return AssetRunner(repository, instance, "a test")


def key(name):
    return dg.AssetKey([name])


def test_an_asset_is_materialized_and_asked_the_checks_of_the_job(instance):
    assert runner(instance).run("job", [key("works")]) == Status.DONE
    assert MADE == ["works", "checked"]
    [run] = instance.get_runs()
    assert (run.job_name, run.tags[ORCHESTRATOR_TAG]) == ("job", "a test")


def test_checks_can_be_asked_alone(instance):
    assert runner(instance).run("job", [key("works")], only_checks=True) == Status.DONE
    assert MADE == ["checked"]


@pytest.mark.parametrize(
    ("name", "check_passes", "status"),
    [
        ("works", False, Status.REFUSED),
        ("refuses", True, Status.REFUSED),
        ("breaks", True, Status.FAILED),
    ],
)
def test_what_may_be_tried_again_ends_otherwise_than_what_may_not(
    instance, name, check_passes, status
):
    assert runner(instance, check_passes=check_passes).run("job", [key(name)]) == status
    [run] = instance.get_runs()
    assert run.is_failure


def test_a_run_whose_process_was_killed_does_not_count_as_running(instance):
    made = runner(instance)

    @dg.job
    def job() -> None:
        pass

    ours, others = (
        instance.create_run_for_job(
            job, tags={ORCHESTRATOR_TAG: by}, status=dg.DagsterRunStatus.STARTED
        )
        for by in ("a test", "another")
    )
    made.fail_unfinished_runs("killed")
    assert instance.get_run_by_id(ours.run_id).is_failure
    assert not instance.get_run_by_id(others.run_id).is_finished


SLEEPER = """
import sys
from pathlib import Path
from time import sleep
import dagster as dg
from mpp_assets.run_assets import AssetRunner

@dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
def sleeper():
    Path(sys.argv[1], "sleeping").touch()
    sleep(60)

jobs = [dg.define_asset_job("job", dg.AssetSelection.all())]
repository = dg.Definitions(assets=[sleeper], jobs=jobs).get_repository_def()
with dg.DagsterInstance.local_temp(sys.argv[1]) as instance:
    runner = AssetRunner(repository, instance, "a test")
    runner.end_with_its_process()
    runner.run("job", [sleeper.key])
"""


def test_a_process_that_is_asked_to_end_ends_at_once_and_fails_its_run(tmp_path):
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", SLEEPER, str(tmp_path)])
    wait_until(lambda: (tmp_path / "sleeping").exists() or process.poll() is not None)
    assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 128 + signal.SIGTERM
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        [run] = instance.get_runs()
        assert run.is_failure

"""Small jobs on the executor of the platform's jobs."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Barrier, Lock, Timer
from time import sleep
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from pyspark.sql import SparkSession

from mpp_assets.threaded_executor import threaded_executor

_LONGER_THAN_A_TEST = 1_400
_lock = Lock()
_at_once = {"now": 0, "most": 0}
_meeting = Barrier(2, timeout=60)
_tries: list[str] = []


@dg.op
def meets() -> None:
    _meeting.wait()


@dg.op
def counts_those_beside_it() -> None:
    with _lock:
        _at_once["now"] += 1
        _at_once["most"] = max(_at_once.values())
    _meeting.wait()
    sleep(0.1)
    with _lock:
        _at_once["now"] -= 1


@dg.op
def fails() -> None:
    raise ValueError("as it does always")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def fails_once() -> None:
    _tries.append("once")
    if len(_tries) == 1:
        raise ValueError("this once")


@dg.op
def takes_a_while() -> None:
    sleep(1)


@dg.op(ins={"upstream": dg.In(dg.Nothing)})
def follows() -> None:
    pass


@dg.op
def ends_the_run() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(2)


@dg.op(retry_policy=dg.RetryPolicy(max_retries=3))
def keeps_spark_busy() -> None:
    session = SparkSession.builder.getOrCreate()
    Timer(2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    session.range(1).foreach(lambda _: sleep(_LONGER_THAN_A_TEST))


@dg.job(executor_def=threaded_executor)
def two_that_meet() -> None:
    meets.alias("left")()
    meets.alias("right")()


@dg.job(executor_def=threaded_executor)
def six_that_count() -> None:
    for number in range(6):
        counts_those_beside_it.alias(f"step_{number}")()


@dg.job(executor_def=threaded_executor)
def one_that_fails() -> None:
    follows.alias("after_failure")(fails())
    follows.alias("after_success")(takes_a_while())


@dg.job(executor_def=threaded_executor)
def one_that_fails_once() -> None:
    follows(fails_once())


@dg.job(executor_def=threaded_executor)
def one_that_is_ended() -> None:
    follows(ends_the_run())


@dg.job(executor_def=threaded_executor)
def spark_that_is_ended() -> None:
    keeps_spark_busy()


@dg.asset(check_specs=[dg.AssetCheckSpec("blocks", asset="checked", blocking=True)])
def checked() -> Iterator[Any]:
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(passed=False)


@dg.asset(deps=[checked])
def built_on_it() -> None:
    pass


def blocked() -> dg.JobDefinition:
    definitions = dg.Definitions(
        [checked, built_on_it],
        jobs=[dg.define_asset_job("blocked", [checked, built_on_it])],
        executor=threaded_executor,
    )
    return definitions.get_repository_def().get_job("blocked")


@contextmanager
def ran(
    job: Callable[[], dg.JobDefinition], config: Mapping[str, Any] | None = None
) -> Iterator[tuple[dg.DagsterRunStatus, dict[str, str]]]:
    """How the run of the job and each of its steps ended. `execute_in_process` would run it on
    an executor of its own."""
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.execute_job(
            dg.reconstructable(job), instance, run_config={"execution": {"config": config or {}}}
        ) as result,
    ):
        ended = {
            event.step_key: event.event_type_value.removeprefix("STEP_")
            for event in result.all_events
            if event.is_step_event and event.event_type_value.startswith("STEP_")
        }
        yield instance.get_runs()[0].status, ended


def test_steps_that_do_not_wait_for_each_other_run_at_once() -> None:
    _meeting.reset()
    with ran(two_that_meet) as (status, ended):
        assert status is dg.DagsterRunStatus.SUCCESS
        assert ended == {"left": "SUCCESS", "right": "SUCCESS"}


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_run_at_once_than_is_configured(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "_meeting", Barrier(most, timeout=60))
    _at_once["most"] = 0
    with ran(six_that_count, {"max_concurrent": most}) as (status, _):
        assert status is dg.DagsterRunStatus.SUCCESS
    assert _at_once["most"] == most


def test_what_fails_stops_what_waits_for_it_and_nothing_else() -> None:
    with ran(one_that_fails) as (status, ended):
        assert status is dg.DagsterRunStatus.FAILURE
        assert ended == {
            "fails": "FAILURE",
            "takes_a_while": "SUCCESS",
            "after_success": "SUCCESS",
        }


def test_a_step_is_tried_again_as_its_policy_says() -> None:
    _tries.clear()
    with ran(one_that_fails_once) as (status, ended):
        assert status is dg.DagsterRunStatus.SUCCESS
        assert ended == {"fails_once": "SUCCESS", "follows": "SUCCESS"}
    assert len(_tries) == 2


def test_a_blocking_check_that_fails_stops_what_is_built_on_its_asset() -> None:
    with ran(blocked) as (status, ended):
        assert status is dg.DagsterRunStatus.FAILURE
        assert "built_on_it" not in ended


def test_a_run_whose_output_cannot_be_kept_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def full(*_: Any) -> Iterator[None]:
        raise OSError("no space left on device")
        yield

    monkeypatch.setattr(NoOpComputeLogManager, "capture_logs", full)
    with ran(two_that_meet) as (status, _):
        assert status is dg.DagsterRunStatus.SUCCESS


def test_a_run_that_is_asked_to_end_lets_steps_end_and_starts_no_more() -> None:
    with ran(one_that_is_ended) as (status, ended):
        assert status is dg.DagsterRunStatus.FAILURE
        assert ended == {"ends_the_run": "SUCCESS"}


@pytest.mark.usefixtures("spark")
def test_a_run_that_is_asked_to_end_cancels_what_spark_does_and_tries_nothing_again() -> None:
    with ran(spark_that_is_ended) as (status, ended):
        assert status is dg.DagsterRunStatus.FAILURE
        assert ended == {"keeps_spark_busy": "UP_FOR_RETRY"}

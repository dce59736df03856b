"""Runs steps that do not wait for each other side by side, in threads of one process.

Dagster's executors run steps one after the other in a process, or each in a process of its own,
which would start a Spark each. Threads share the session; see docs/decisions/0017.
"""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from time import sleep
from typing import Any

import dagster as dg
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import (
    PlanExecutionContext,
    PlanOrchestrationContext,
    StepExecutionContext,
)
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.execute_plan import (
    _handle_compute_log_setup_error,
    _handle_compute_log_teardown_error,
    dagster_event_sequence_for_step,
)
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode, get_retries_config
from py4j.protocol import Py4JError
from pyspark import SparkContext

# Steps wait most of their time: for tasks of Spark and for stores.
_STEPS_AT_ONCE = 4
# How often it is asked whether the run was asked to end, and whether a step may be tried again.
_LOOK_SECONDS = 0.5


class ThreadedExecutor(dg.Executor):
    """At most `max_concurrent` steps at once, each in a thread from its start to its end.

    A run that is asked to end starts no more steps, cancels what Spark is doing for those that
    run, and ends when they have: until then it holds its resources, such as the pipeline's lock.
    Hooks are not called: the platform has none.
    """

    def __init__(self, max_concurrent: int, retries: RetryMode) -> None:
        self._max_concurrent = max_concurrent
        self._retries = retries

    @property
    def retries(self) -> RetryMode:
        return self._retries

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        yield from ExecuteRunWithPlanIterable(
            execution_plan=execution_plan,
            iterator=self._run_steps,
            execution_context_manager=PlanExecutionContextManager(
                job=plan_context.job,
                retry_mode=plan_context.retry_mode,
                execution_plan=execution_plan,
                run_config=plan_context.run_config,
                dagster_run=plan_context.dagster_run,
                instance=plan_context.instance,
                raise_on_error=plan_context.raise_on_error,
                output_capture=plan_context.output_capture,
                step_dependency_config=self.step_dependency_config,
            ),
        )

    def _run_steps(
        self, job_context: PlanExecutionContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        running = dict[Future[list[dg.DagsterEvent]], str]()
        stopping = False
        with (
            InstanceConcurrencyContext(job_context.instance, job_context.dagster_run) as slots,
            execution_plan.start(
                retry_mode=self._retries,
                max_concurrent=self._max_concurrent,
                instance_concurrency_context=slots,
                step_dependency_config=self.step_dependency_config,
            ) as active,
            ExitStack() as logs,
            ThreadPoolExecutor(self._max_concurrent, "step") as threads,
        ):
            try:
                yield _capture_logs(job_context, execution_plan, logs)
            except Exception:  # such as a full disk: what runs does not need them
                yield from _handle_compute_log_setup_error(job_context, sys.exc_info())
            while running or not (stopping or active.is_complete):
                if active.check_for_interrupts():
                    stopping = True
                    active.mark_interrupted()
                if stopping:
                    _cancel_spark_jobs()
                else:
                    for step in active.get_steps_to_execute():
                        context = job_context.for_step(step, active.get_known_state())
                        running[threads.submit(_run_step, context)] = step.key
                    yield from active.concurrency_event_iterator(job_context)
                if not running:
                    sleep(_LOOK_SECONDS)
                for step_run in wait(running, _LOOK_SECONDS, FIRST_COMPLETED).done:
                    key = running.pop(step_run)
                    for event in step_run.result():
                        yield event
                        active.handle_event(event)
                    active.verify_complete(job_context, key)
                    yield from active.plan_events_iterator(job_context)
            try:
                logs.close()
            except Exception:
                yield from _handle_compute_log_teardown_error(job_context, sys.exc_info())


def _run_step(context: StepExecutionContext) -> list[dg.DagsterEvent]:
    """What happened in it, which is in the instance already: each event, when it happens."""
    return list(dagster_event_sequence_for_step(context))


def _capture_logs(
    job_context: PlanExecutionContext, execution_plan: ExecutionPlan, until: ExitStack
) -> dg.DagsterEvent:
    """What the process prints is shown with each of its steps: threads share its streams."""
    manager = job_context.instance.compute_log_manager
    file_key = create_compute_log_file_key()  # type: ignore[no-untyped-call]
    log_key = manager.build_log_key_for_run(job_context.run_id, file_key)
    log_context = until.enter_context(manager.capture_logs(log_key))
    steps = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
    event: dg.DagsterEvent = dg.DagsterEvent.capture_logs(job_context, steps, log_key, log_context)
    return event


def _cancel_spark_jobs() -> None:
    context = SparkContext._active_spark_context
    if context is not None:
        with suppress(Py4JError):  # of a JVM that died
            context.cancelAllJobs()


@dg.executor(
    name="threaded",
    config_schema={
        "max_concurrent": dg.Field(int, default_value=_STEPS_AT_ONCE),
        "retries": get_retries_config(),  # type: ignore[no-untyped-call]
    },
)
def threaded_executor(context: dg.InitExecutorContext) -> ThreadedExecutor:
    """`{"execution": {"config": {"max_concurrent": 1}}}` configures a run to do one at a time."""
    config: Mapping[str, Any] = context.executor_config
    retries = RetryMode.from_config(config["retries"]) or RetryMode.ENABLED
    return ThreadedExecutor(config["max_concurrent"], retries)

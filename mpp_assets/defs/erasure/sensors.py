"""Open erasures become runs, one step after the other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from mpp_assets.defs.erasure.jobs import (
    complete_erasure,
    scrub_landed_files,
    scrub_user,
    verify_and_complete,
)
from mpp_assets.jobs.erasure import is_published_without
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake
from mpp_stores.postgres import erasures
from mpp_stores.postgres.releases import current_release
from mpp_stores.records import Erasure

ERASURE_TAG = "mpp/erasure"
MOST_ATTEMPTS = 5
"""Of one step, for one release. After that a person has to look."""


@dataclass(frozen=True, slots=True)
class Step:
    """A run that an erasure needs. `subject` names the step and what it waited for."""

    job: str
    erasure_id: str
    subject: str


def next_steps(
    open_erasures: Sequence[Erasure],
    *,
    is_published: Callable[[datetime], bool],
    release_id: str | None,
) -> Iterator[Step]:
    """The step that each erasure is at. One that waits for a release has none.

    `is_published` says of a moment whether what was scrubbed then is published.
    """
    for erasure in open_erasures:
        if erasure.scrubbed_at is None:
            yield Step(scrub_user.name, erasure.erasure_id, f"scrub-{erasure.erasure_id}")
        elif is_published(erasure.scrubbed_at):
            subject = f"complete-{erasure.erasure_id}-{release_id}"
            yield Step(complete_erasure.name, erasure.erasure_id, subject)


@dg.sensor(
    jobs=[scrub_user, complete_erasure],
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Take each open erasure to its next step; one that was interrupted, again.",
)
def erasure_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = PipelineSettings()
    open_erasures = erasures.open_erasures(settings)
    if not open_erasures:
        return dg.SkipReason("no erasure is open")
    release, lake = current_release(settings), Lake(settings.lake)
    steps = next_steps(
        open_erasures,
        is_published=lambda scrubbed_at: is_published_without(settings, lake, scrubbed_at),
        release_id=release.release_id if release else None,
    )
    requests = [_request(step, attempt) for step, attempt in due(context.instance, steps)]
    return dg.SensorResult(run_requests=requests)


def due(instance: dg.DagsterInstance, steps: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Steps that no run is taking, each with the number of runs that took it before."""
    for step in steps:
        runs = instance.get_runs(dg.RunsFilter(tags={ERASURE_TAG: step.subject}))
        if len(runs) < MOST_ATTEMPTS and all(run.is_finished for run in runs):
            yield step, len(runs)


def _request(step: Step, attempt: int) -> dg.RunRequest:
    op = {scrub_user.name: scrub_landed_files, complete_erasure.name: verify_and_complete}[step.job]
    return dg.RunRequest(
        run_key=f"{step.subject}-{attempt}",
        job_name=step.job,
        tags={ERASURE_TAG: step.subject},
        run_config={"ops": {op.name: {"config": {"erasure_id": step.erasure_id}}}},
    )

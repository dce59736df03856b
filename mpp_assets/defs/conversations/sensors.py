"""Days that landings touched are refreshed, and the result is published."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from time import time

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from mpp_assets.defs.automation import refresh, refresh_days
from mpp_assets.defs.erasure.jobs import scrub_user
from mpp_assets.defs.landing.sensors import land_job
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.partitions import range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake

LANDINGS_TAG = "mpp/landings"
"""Run tag with the `token` of the landings that a refresh brings to the stores."""

LONGEST_WAIT_SECONDS = 300.0
"""How long owed days wait for files that are still landing, to be refreshed together."""

_LANDING_JOBS = (land_job.name, scrub_user.name)
"""An erasure rewrites files, which then land again."""


class Outcome(StrEnum):
    """Of the runs that were requested for some landings; `UNFINISHED` while any refresh is."""

    NONE = "none"
    UNFINISHED = "unfinished"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refresh:
    """Runs to request: a range of days each, the last of which also publishes."""

    token: str
    ranges: list[tuple[date, date]]


def decide_refresh(
    owed: Mapping[int, Iterable[str]],
    outcome: Outcome,
    *,
    is_landing: bool,
    waited_seconds: float,
) -> Refresh | str:
    """The refresh that the owed landings need, or why there is none now.

    `owed` are the days that each landing touched which no release names. `outcome` is that
    of runs requested for these very landings, once no refresh goes on: one that failed is not
    repeated until something else lands, because it would fail again.
    """
    days = {date.fromisoformat(day) for touched in owed.values() for day in touched}
    if not days:
        return "every landing is published"
    if is_landing and waited_seconds < LONGEST_WAIT_SECONDS:
        return "files are still landing"
    match outcome:
        case Outcome.UNFINISHED:
            return "the refresh is running"
        case Outcome.FAILED:
            return "the refresh failed: run it again in the UI, or land a corrected file"
        case Outcome.SUCCEEDED:
            return "the refresh ended without publishing all landings: see its log"
        case Outcome.NONE:
            return Refresh(token_of(owed), day_ranges(days))


def token_of(landings: Iterable[int]) -> str:
    """Stands for a set of landings in tags and run keys."""
    return hashlib.sha256(repr(sorted(landings)).encode()).hexdigest()[:16]


def day_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days as runs of consecutive ones: first and last day of each, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


@dg.sensor(
    jobs=[refresh_days, refresh],
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Refresh the days of every landing that no release names yet.",
)
def refresh_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = PipelineSettings()
    owed = {
        batch.landing: batch.touched_days
        for batch in unpublished_landings(settings, Lake(settings.lake))
    }
    since = json.loads(context.cursor or "{}").get("owed_since") if owed else None
    since = since or (time() if owed else None)
    context.update_cursor(json.dumps({"owed_since": since}))
    decision = decide_refresh(
        owed,
        _outcome(context.instance, token_of(owed)),
        is_landing=any(unfinished(context.instance, job) for job in _LANDING_JOBS),
        waited_seconds=time() - since if since else 0.0,
    )
    if isinstance(decision, str):
        return dg.SkipReason(decision)
    return dg.SensorResult(run_requests=list(_requests(decision)))


def _requests(decision: Refresh) -> Iterator[dg.RunRequest]:
    for first, last in decision.ranges:
        is_last = (first, last) == decision.ranges[-1]
        yield dg.RunRequest(
            run_key=f"{decision.token}-{first}",
            job_name=refresh.name if is_last else refresh_days.name,
            tags={
                LANDINGS_TAG: decision.token,
                **range_tags(first.isoformat(), last.isoformat()),
            },
        )


def _outcome(instance: dg.DagsterInstance, token: str) -> Outcome:
    # Also one of landings before these: theirs would otherwise be queued behind it with each
    # batch that lands meanwhile.
    if any(unfinished(instance, job.name) for job in (refresh_days, refresh)):
        return Outcome.UNFINISHED
    runs = instance.get_runs(dg.RunsFilter(tags={LANDINGS_TAG: token}))
    if not runs:
        return Outcome.NONE
    # A run that died is repeated by Dagster, under the same tags.
    is_published = any(run.job_name == refresh.name and run.is_success for run in runs)
    return Outcome.SUCCEEDED if is_published else Outcome.FAILED


def unfinished(instance: dg.DagsterInstance, job_name: str) -> Sequence[dg.DagsterRun]:
    """One of the job's runs that are queued or going on, if there is any."""
    return instance.get_runs(
        dg.RunsFilter(job_name=job_name, statuses=NOT_FINISHED_STATUSES), limit=1
    )

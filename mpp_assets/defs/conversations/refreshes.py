"""Which refresh readers are owed, and what became of it before: of the landings that no release
names yet, and of the days that a run began and no other completes."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from time import time

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from mpp_assets.defs.automation import refresh, refresh_days
from mpp_assets.jobs.retention import IN_PLACE, unpublished_landings
from mpp_assets.partitions import RANGE_END_TAG, RANGE_START_TAG
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import materializations

LANDINGS_TAG = "mpp/landings"
"""Run tag with the `token` of what a refresh brings to readers."""

AGAIN_SECONDS = 3_600.0
"""After a run failed, what it was for is asked for again: a store can have been away, or the disk
full, for longer than a run tries."""

LONGEST_WAIT_SECONDS = 300.0
"""How long landed files wait for others to land, to be refreshed together."""

Days = tuple[date, date]
"""The first and the last of consecutive days."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run that ended; `ended_at` in seconds since 1970."""

    succeeded: bool
    ended_at: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """Runs of a job to request, one a range of days. `attempts` are those before, of the same
    landings, by range."""

    token: str
    job: str
    ranges: list[Days]
    attempts: Mapping[Days, Sequence[Attempt]]


def decide_refresh(
    owed: Mapping[int, Iterable[str]],
    attempts: Mapping[Days, Sequence[Attempt]],
    *,
    is_refreshing: bool,
    now: float,
) -> Refresh | str:
    """The refresh that is owed, or why there is none now.

    `owed` are the days of each materialization that no release names. `attempts` are the runs
    that were requested for these very ones, in order. The last range of days publishes, and is
    asked for once all others succeeded: a release without them would hold half of a landing.
    What failed is asked for again when something else lands, and after `AGAIN_SECONDS`.
    """
    days = {date.fromisoformat(day) for touched in owed.values() for day in touched}
    if not days:
        return "every landing is published"
    if is_refreshing:
        return "the refresh is running"
    *earlier, last = day_ranges(days)
    missing = [each for each in earlier if not any(run.succeeded for run in attempts.get(each, ()))]
    job, ranges = (refresh_days, missing) if missing else (refresh, [last])
    latest = [attempts[each][-1] for each in ranges if attempts.get(each)]
    if any(now - attempt.ended_at < AGAIN_SECONDS for attempt in latest):
        if all(attempt.succeeded for attempt in latest):
            return "the refresh ended without publishing all landings: see its log"
        return "the refresh failed: run it again in the UI, or land a corrected file"
    return Refresh(token_of(owed), job.name, ranges, attempts)


def token_of(numbers: Iterable[int]) -> str:
    """Stands for a set of materializations in tags and run keys."""
    return hashlib.sha256(repr(sorted(numbers)).encode()).hexdigest()[:16]


def day_ranges(days: Iterable[date]) -> list[Days]:
    """The days as runs of consecutive ones: first and last day of each, in order."""
    ranges: list[Days] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def next_refresh(
    instance: dg.DagsterInstance, settings: PipelineSettings, unpublished: Iterable[BatchSummary]
) -> Refresh | str:
    """`decide_refresh`, of the landings that no release names and of other days that were left
    behind, as things are."""
    owed = {batch.landing: batch.touched_days for batch in unpublished}
    of_landings = {day for days in owed.values() for day in days}
    left_behind = _left_behind(instance, settings).items()
    owed |= {number: [day] for number, day in left_behind if day not in of_landings}
    return decide_refresh(
        owed,
        _attempts(instance, token_of(owed)),
        is_refreshing=is_refreshing(instance),
        now=time(),
    )


def is_overdue(instance: dg.DagsterInstance, settings: PipelineSettings) -> bool:
    """Whether landed files have waited `LONGEST_WAIT_SECONDS`, so that their refresh comes before
    other files land: while it goes on, and, as it is asked for once nothing lands any more, for
    as long again before. Where nobody asks for it by then, its sensor may be switched off."""
    lake = Lake(settings.lake)
    unpublished = unpublished_landings(settings, lake)
    landed_at = (lake.landed_at(batch) for batch in unpublished if batch.touched_days)
    waited = time() - min(landed_at, default=time())
    if waited < LONGEST_WAIT_SECONDS:
        return False
    if is_refreshing(instance):
        return True
    is_due = isinstance(next_refresh(instance, settings, unpublished), Refresh)
    return is_due and waited < 2 * LONGEST_WAIT_SECONDS


def is_refreshing(instance: dg.DagsterInstance) -> bool:
    """Whether a refresh is queued or goes on, of whichever landings: each batch that lands
    meanwhile would otherwise queue another behind it."""
    return any(unfinished(instance, job.name) for job in (refresh_days, refresh))


def _left_behind(instance: dg.DagsterInstance, settings: PipelineSettings) -> Mapping[int, str]:
    """Days, by number, that the daily refresh or somebody began to replace in the lake and that
    nobody published: while they are there, nothing is. Whoever began has `AGAIN_SECONDS`."""
    if unfinished(instance):
        return {}
    return materializations.left_behind(settings, IN_PLACE, for_seconds=AGAIN_SECONDS)


def unfinished(
    instance: dg.DagsterInstance, job_name: str | None = None
) -> Sequence[dg.DagsterRun]:
    """One of the job's runs, or of all, that are queued or going on, if there is any."""
    return instance.get_runs(
        dg.RunsFilter(job_name=job_name, statuses=NOT_FINISHED_STATUSES), limit=1
    )


def _attempts(instance: dg.DagsterInstance, token: str) -> dict[Days, list[Attempt]]:
    """A run that died is repeated by Dagster, under the same tags."""
    found: dict[Days, list[Attempt]] = {}
    records = instance.get_run_records(dg.RunsFilter(tags={LANDINGS_TAG: token}), ascending=True)
    for run, ended_at in ((record.dagster_run, record.end_time or 0.0) for record in records):
        first, last = (
            date.fromisoformat(run.tags[tag]) for tag in (RANGE_START_TAG, RANGE_END_TAG)
        )
        found.setdefault((first, last), []).append(Attempt(run.is_success, ended_at))
    return found

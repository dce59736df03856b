"""Files that appear, change or are withdrawn become runs of the job `land`."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from time import time

import dagster as dg

from mpp_assets.defs.conversations.refreshes import AGAIN_SECONDS, is_overdue, unfinished
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.jobs.landing_files import is_settled
from mpp_assets.partitions import BATCHES, range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake, fingerprint, visible_files

BATCHES_A_TICK = 1_000
"""All new ones of a tick land in one run, with one Spark session."""

land_job = dg.define_asset_job(
    "land",
    dg.AssetSelection.assets(landed_events),
    description="Parse and validate landed files.",
)


Asked = tuple[str, float]
"""A fingerprint, and when a run was asked to land it, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Landings:
    """What to land now. `asked` is the cursor of the next tick, by batch: what did not land yet.
    Dagster keeps a copy of it for each tick."""

    batches: list[str]
    asked: dict[str, Asked]
    remaining: int


def decide_landings(
    found: Mapping[str, str],
    asked: Mapping[str, Asked],
    landed: Callable[[str], str | None],
    limit: int,
    *,
    is_landing: bool,
    now: float,
) -> Landings:
    """Which batches are due, at most `limit`.

    `found` are the fingerprints of the files there are, `asked` what was asked for before, and
    `landed` says which fingerprint a batch was landed with: that of the file, unless the landing
    rewrote it, or no run was able to land it. Such a file is asked for again when it changes,
    and after `AGAIN_SECONDS` once nothing lands any more.
    """
    remembered: dict[str, Asked] = {}
    due: list[str] = []
    remaining = 0
    for batch, current in sorted(found.items()):
        if landed(batch) == current:
            continue
        known, asked_at = asked.get(batch, (None, 0.0))
        if known == current and (is_landing or now - asked_at < AGAIN_SECONDS):
            remembered[batch] = (current, asked_at)
        elif len(due) < limit:
            due.append(batch)
            remembered[batch] = (current, now)
        else:
            remaining += 1
    return Landings(due, remembered, remaining)


@dg.sensor(
    job=land_job,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Land files that are new, changed or withdrawn, up to a thousand a tick.",
)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings, now = PipelineSettings(), time()
    lake = Lake(settings.lake)
    landings = decide_landings(
        dict(files_found(settings, now)),
        _asked(context.cursor),
        lambda batch: landed_fingerprint(lake, batch),
        BATCHES_A_TICK,
        is_landing=bool(unfinished(context.instance, land_job.name)),
        now=now,
    )
    cursor = json.dumps(landings.asked)
    if not landings.batches:
        context.update_cursor(cursor)
        return dg.SkipReason("no file is new, changed or withdrawn")
    if is_overdue(context.instance, settings):
        return dg.SkipReason("files that landed before are refreshed first")
    if landings.remaining:
        context.log.info("%d more batches are left for the next ticks", landings.remaining)
    known = context.instance.get_dynamic_partitions(BATCHES.name or "")
    new = new_batches(landings.batches, known)
    return dg.SensorResult(
        run_requests=list(requests_for(landings.batches, [*known, *new])),
        dynamic_partitions_requests=[BATCHES.build_add_request(new)] if new else [],
        cursor=cursor,
    )


def _asked(cursor: str | None) -> dict[str, Asked]:
    """Of a cursor. What an earlier version wrote without a time says nothing."""
    entries = json.loads(cursor or "{}").items()
    timed = {batch: entry for batch, entry in entries if isinstance(entry, list) and entry[1]}
    return {batch: (known, asked_at) for batch, (known, asked_at) in timed.items()}


def files_found(settings: PipelineSettings, now: float) -> Iterator[tuple[str, str]]:
    """Batch and fingerprint of every settled file of the landing folder, and of every
    withdrawn one that did not land again.

    Hidden files are still being copied. Dagster takes no partition key that is not printable or
    holds three dots.
    """
    landing = set()
    for file in _files(settings.landing):
        landing.add(file.name)
        if is_settled(file, now):
            yield file.name, fingerprint(file)
    for file in _files(settings.withdrawn):
        if file.name not in landing:
            yield file.name, withdrawn(fingerprint(file))


def withdrawn(found: str) -> str:
    """The fingerprint of a file that was put away, which is not that of the landed file."""
    return f"withdrawn {found}"


def _files(folder: Path) -> Iterator[Path]:
    for file in visible_files(folder):
        if file.name.isprintable() and "..." not in file.name:
            yield file


def landed_fingerprint(lake: Lake, batch: str) -> str | None:
    """That of the file, or of the withdrawn one, as it landed last; None before that."""
    summary = lake.summary(batch)
    if summary is None:
        return None
    return withdrawn(summary.fingerprint) if summary.withdrawn else summary.fingerprint


def new_batches(batches: Iterable[str], partitions: Iterable[str]) -> list[str]:
    """Those that are no partitions yet."""
    known = set(partitions)
    return [batch for batch in batches if batch not in known]


def requests_for(batches: Iterable[str], partitions: Iterable[str]) -> Iterator[dg.RunRequest]:
    """One run for those that are side by side among the partitions, in the order in which these
    were added: a run takes one range.

    Without run keys: Dagster would never run one again, and a file can become again what it was.
    The cursor says what was requested.
    """
    positions = {partition: position for position, partition in enumerate(partitions)}
    due = sorted((positions[batch], batch) for batch in batches)
    for _, side_by_side in groupby(enumerate(due), lambda each: each[1][0] - each[0]):
        yield _request_range([batch for _, (_, batch) in side_by_side])


def _request_range(batches: list[str]) -> dg.RunRequest:
    first, last = batches[0], batches[-1]
    if first == last:
        return dg.RunRequest(partition_key=first)
    return dg.RunRequest(tags=range_tags(first, last))

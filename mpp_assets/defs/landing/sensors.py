"""Files that appear, change or are withdrawn become runs of the job `land`."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from time import time

import dagster as dg

from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.partitions import BATCHES, range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake, fingerprint, visible_files

BATCHES_A_TICK = 1_000
"""All new ones of a tick land in one run, with one Spark session."""

SETTLED_SECONDS = 2.0
"""A file that was modified more recently may still be written to."""

land_job = dg.define_asset_job(
    "land",
    dg.AssetSelection.assets(landed_events),
    description="Parse and validate landed files.",
)


@dataclass(frozen=True, slots=True)
class Landings:
    """What to land now. `requested` is the cursor of the next tick: fingerprint by batch."""

    batches: list[str]
    requested: dict[str, str]
    remaining: int


def decide_landings(
    found: Mapping[str, str],
    requested: Mapping[str, str],
    landed: Callable[[str], str | None],
    limit: int,
) -> Landings:
    """Which batches are due, at most `limit`.

    `found` are the fingerprints of the files there are, `requested` those of the files
    that a run was requested for. A file that differs from what was requested can still
    be landed as it is, when the landing itself rewrote it: `landed` says which
    fingerprint the batch was landed with.
    """
    changed = [batch for batch in sorted(found) if requested.get(batch) != found[batch]]
    due: list[str] = []
    remembered = {batch: requested[batch] for batch in found if batch in requested}
    remaining = 0
    for position, batch in enumerate(changed):
        if len(due) == limit:
            remaining = len(changed) - position
            break
        if landed(batch) != found[batch]:
            due.append(batch)
        remembered[batch] = found[batch]
    return Landings(due, remembered, remaining)


@dg.sensor(
    job=land_job,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Land files that are new, changed or withdrawn, up to a thousand a tick.",
)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    settings = PipelineSettings()
    lake = Lake(settings.lake)
    landings = decide_landings(
        dict(files_found(settings, time())),
        json.loads(context.cursor or "{}"),
        lambda batch: landed_fingerprint(lake, batch),
        BATCHES_A_TICK,
    )
    cursor = json.dumps(landings.requested)
    if not landings.batches:
        context.update_cursor(cursor)
        return dg.SkipReason("no file is new, changed or withdrawn")
    if landings.remaining:
        context.log.info("%d more batches are left for the next ticks", landings.remaining)
    known = context.instance.get_dynamic_partitions(BATCHES.name or "")
    new = new_batches(landings.batches, known)
    return dg.SensorResult(
        run_requests=list(requests_for(landings.batches, [*known, *new])),
        dynamic_partitions_requests=[BATCHES.build_add_request(new)] if new else [],
        cursor=cursor,
    )


def files_found(settings: PipelineSettings, now: float) -> Iterator[tuple[str, str]]:
    """Batch and fingerprint of every settled file of the landing folder, and of every
    withdrawn one that did not land again.

    Hidden files are still being copied, and a time to come is that of another clock. Dagster
    takes no partition key that is not printable or holds three dots.
    """
    landing = set()
    for file in _files(settings.landing):
        landing.add(file.name)
        if abs(now - file.stat().st_mtime) >= SETTLED_SECONDS:
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

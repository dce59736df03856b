"""Landing files, refreshing the days they touch, publishing a release."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from mpp_local.dagster_client import INGEST_TAG, DagsterClient
from mpp_local.landing import day_ranges, is_landed, land_file
from mpp_local.run_events import CheckFailed
from mpp_local.run_state import AssetState, RunState

BATCH_PARTITIONS = "batches"
LAND_JOB, REFRESH_DAYS_JOB, REFRESH_JOB = "land", "refresh_days", "refresh"
LANDED_EVENTS = "lake/landed_events"

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

Watch = Callable[[RunState, Sequence[AssetState]], None]
"""Told of a run and of the assets that changed, also when none did."""


class RunFailed(Exception):
    def __init__(self, run: RunState) -> None:
        self.run = run
        super().__init__("\n".join(run.failures()))


@dataclass(slots=True)
class TargetSummary:
    """`rows` are those there are afterwards: of the refreshed days, where the store has days."""

    written: int = 0
    swept: int = 0
    rows: int = 0


@dataclass(slots=True)
class IngestSummary:
    """`batches` holds the metadata of each landed batch: read, accepted, rejected, ...

    `failed_checks` are those that did not stop their run.
    """

    unchanged: list[str] = field(default_factory=list)
    batches: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    targets: dict[str, TargetSummary] = field(default_factory=dict)
    failed_checks: list[CheckFailed] = field(default_factory=list)
    release_id: str | None = None


class Ingest:
    """One `mpp ingest`. Its id is a tag of every run it launches.

    A batch is up to date once the ingest that landed it also refreshed and published.
    Until then its touched days are owed: those of an ingest that failed half-way are
    taken over by the next one, even if the file has lost some of them since.
    """

    def __init__(self, dagster: DagsterClient, landing: Path, watch: Watch) -> None:
        self.ingest_id = uuid4().hex
        self._dagster = dagster
        self._landing = landing
        self._watch = watch

    def run(self, files: Sequence[Path], *, force: bool) -> IngestSummary:
        """Raises `RunFailed`, `DagsterUnreachable` or `DagsterRefused`."""
        summary = IngestSummary()
        days: set[str] = set()
        for file in files:
            owed = self._owed_days(file.name)
            if owed is None and not force and is_landed(file, self._landing):
                summary.unchanged.append(file.name)
                continue
            landed = self._land(file)
            summary.failed_checks += landed.failed_checks
            metadata = summary.batches[file.name] = landed.assets[LANDED_EVENTS].metadata
            days |= {*metadata["touched_days"], *(owed or ())}
        self._refresh(sorted(days), summary)
        return summary

    def _owed_days(self, batch: str) -> set[str] | None:
        """Days that earlier landings touched and nobody refreshed; None if it is up to date."""
        owed: set[str] = set()
        for position, landing in enumerate(self._dagster.landings(batch)):
            if landing.ingest_id and self._dagster.has_succeeded(REFRESH_JOB, landing.ingest_id):
                return owed if position else None
            owed |= set(landing.touched_days)
        return owed

    def _land(self, file: Path) -> RunState:
        batch = file.name
        land_file(file, self._landing)
        self._dagster.add_partition(BATCH_PARTITIONS, batch)
        return self._complete(LAND_JOB, batch, {PARTITION_TAG: batch})

    def _refresh(self, days: Iterable[str], summary: IngestSummary) -> None:
        ranges = day_ranges(map(date.fromisoformat, days))
        for first, last in ranges:
            # Everything derived from all days, and the release, wait for the last range.
            job = REFRESH_JOB if (first, last) == ranges[-1] else REFRESH_DAYS_JOB
            label = f"{first}" if first == last else f"{first} to {last}"
            tags = {RANGE_START_TAG: first.isoformat(), RANGE_END_TAG: last.isoformat()}
            _add_to_summary(self._complete(job, label, tags), summary)

    def _complete(self, job: str, subject: str, tags: Mapping[str, str]) -> RunState:
        """Launch the job and watch it to its end."""
        run_id = self._dagster.launch(job, {**tags, INGEST_TAG: self.ingest_id})
        run = RunState(run_id, f"{job} {subject}")
        for event in self._dagster.follow(run_id):
            self._watch(run, run.apply(event) if event else ())
        if run.failures():
            raise RunFailed(run)
        return run


def _add_to_summary(run: RunState, summary: IngestSummary) -> None:
    summary.failed_checks += run.failed_checks
    for asset in run.assets.values():
        if "written" in asset.metadata:
            target = summary.targets.setdefault(asset.name, TargetSummary())
            target.written += asset.metadata["written"]
            target.swept += asset.metadata.get("swept", 0)
            target.rows += asset.rows or 0
        summary.release_id = asset.metadata.get("release_id", summary.release_id)

"""From the landing folder to a release: what the sensors do, watched."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import time

from mpp_local.runs import jobs
from mpp_local.runs.client import PARTITION_TAG, DagsterClient, Run
from mpp_local.runs.following import RunFollower, Watch
from mpp_local.runs.state import RunState
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.records import Release


@dataclass(frozen=True, slots=True)
class Served:
    """`release` is None before the first. `landings` are by batch."""

    release: Release | None = None
    landings: Mapping[str, int] = field(default_factory=dict)

    def holds(self, batch: BatchSummary) -> bool:
        """Whether readers see what landed. A landing that touched no day changes nothing that
        they see, so no release need name it."""
        return self.landings.get(batch.batch) == batch.landing or not batch.touched_days


class Publication:
    """What happens to batches from its creation on, and whether something did before."""

    def __init__(
        self,
        dagster: DagsterClient,
        lake: Lake,
        served: Callable[[], Served],
        watch: Watch,
    ) -> None:
        self.lake = lake
        self.served = served
        self._dagster = dagster
        self._watch = watch
        self._since = time()
        self.is_under_way = any(
            run.in_progress and run.job in jobs.PUBLISHING
            for run in dagster.runs_since(self._since)
        )

    def follow(
        self, batches: Collection[str], is_settled: Callable[[str], bool], awaited: str
    ) -> list[RunState]:
        """Follow the runs until a release holds every batch as it is wanted.

        `is_settled` says whether a batch landed as it is wanted; a run that lands several
        batches may fail for others. Raises `RunFailed`, `NothingHappens`,
        `DagsterUnreachable`, `DagsterRefused` or `StoreError`.
        """

        def is_ours(run: Run) -> bool:
            if run.job == jobs.LAND:
                return PARTITION_TAG not in run.tags or run.tags[PARTITION_TAG] in batches
            return run.job in jobs.REFRESHING

        def may_fail(run: Run) -> bool:
            return run.job == jobs.LAND and all(map(is_settled, batches))

        def is_published() -> bool:
            return all(is_settled(batch) and self.holds(batch) for batch in batches)

        follower = RunFollower(self._dagster, self._watch, self._since, is_ours, may_fail)
        return follower.until(is_published, awaited)

    def holds(self, batch: str) -> bool:
        """Whether the served release holds the latest landing of the batch."""
        summary = self.lake.summary(batch)
        return summary is not None and self.served().holds(summary)

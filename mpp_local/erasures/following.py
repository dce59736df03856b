"""Asking that a user be forgotten, and watching until it is so."""

from collections.abc import Callable
from time import time

from mpp_local.runs import jobs
from mpp_local.runs.client import DagsterClient, Run
from mpp_local.runs.following import RunFollower, Watch
from mpp_stores.records import Erasure

ERASURE_TAG = "mpp/erasure"
"""Run tag that names the step of an erasure, its id included."""
COMPLETED = "completed"


class ErasureLost(Exception):
    """Postgres does not know the erasure any more."""


class ErasureFollower:
    """`find` looks an erasure up by its id. `tell` is told of each state that it reaches."""

    def __init__(
        self,
        dagster: DagsterClient,
        find: Callable[[str], Erasure | None],
        watch: Watch,
        tell: Callable[[Erasure], None],
    ) -> None:
        self._dagster = dagster
        self._find = find
        self._watch = watch
        self._tell = tell
        self._since = time()

    def until_completed(self, erasure: Erasure) -> Erasure:
        """Raises `ErasureLost`, `RunFailed`, `NothingHappens`, `DagsterUnreachable`,
        `DagsterRefused` or `StoreError`."""
        latest = erasure
        self._tell(latest)

        def is_ours(run: Run) -> bool:
            if run.job in {jobs.SCRUB_USER, jobs.COMPLETE_ERASURE}:
                return erasure.erasure_id in run.tags.get(ERASURE_TAG, erasure.erasure_id)
            return run.job in jobs.PUBLISHING

        def is_completed() -> bool:
            nonlocal latest
            found = self._find(erasure.erasure_id)
            if found is None:
                raise ErasureLost(f"erasure {erasure.erasure_id} is gone from Postgres")
            if found.state != latest.state:
                self._tell(found)
            latest = found
            return found.state == COMPLETED

        follower = RunFollower(self._dagster, self._watch, self._since, is_ours)
        follower.until(is_completed, f"erasure {erasure.erasure_id} to be completed")
        return latest

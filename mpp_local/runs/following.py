"""Watching the runs that Dagster starts by itself, until what they are for holds."""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic, sleep

from mpp_local.runs.client import (
    LONGEST_SILENCE_SECONDS,
    DagsterClient,
    DagsterUnreachable,
    Run,
)
from mpp_local.runs.state import AssetState, RunState

POLL_SECONDS = 1.0
LONGEST_QUIET_SECONDS = 90.0
"""How long Dagster may do nothing: its sensors look every few seconds."""
DECIDED_SECONDS = 5.0
"""How long after a run failed Dagster may decide whether to start it again."""

Watch = Callable[[RunState, Sequence[AssetState]], None]
"""Told of a run and of the assets that changed, also when none did."""


class RunFailed(Exception):
    def __init__(self, run: RunState) -> None:
        self.run = run
        super().__init__("\n".join(run.failures()))


class NothingHappens(Exception):
    """No run got past the queue for `LONGEST_QUIET_SECONDS`, and what is waited for does not
    hold."""

    def __init__(
        self,
        awaited: str,
        reason: str = "the sensors or the daemon do not run, or see nothing to do",
    ) -> None:
        super().__init__(
            f"Nothing happened for {LONGEST_QUIET_SECONDS:.0f} s while waiting for {awaited}: "
            f"{reason}"
        )


def complete(dagster: DagsterClient, run: Run, watch: Watch) -> RunState:
    """Watch the run to its end, whichever that is: of a run whose process died, to that of the
    last that Dagster starts in its place. Raises `NothingHappens` when it is not started."""
    while True:
        state = _watched(dagster, run, watch)
        retry = _retry_of(dagster, run) if state.failures() else None
        if retry is None:
            return state
        run = retry


def _watched(dagster: DagsterClient, run: Run, watch: Watch) -> RunState:
    state = RunState(run.run_id, run.label)
    busy_at = monotonic()
    for event in dagster.follow(run.run_id):
        watch(state, state.apply(event) if event else ())
        if event or state.started or not _is_all_queued(dagster):
            busy_at = monotonic()
        elif monotonic() - busy_at > LONGEST_QUIET_SECONDS:
            raise NothingHappens(f"{run.label} to begin", "the daemon does not start the run")
    return state


def _is_all_queued(dagster: DagsterClient) -> bool:
    """Whether there are runs, and none that keeps the others in the queue. Not known while
    Dagster does not answer: `follow` deals with that."""
    try:
        runs = dagster.runs_in_progress()
    except DagsterUnreachable:
        return False
    return bool(runs) and all(run.is_queued for run in runs)


def _retry_of(dagster: DagsterClient, run: Run) -> Run | None:
    if not _will_retry(dagster, run):
        return None
    give_up = monotonic() + LONGEST_QUIET_SECONDS
    while monotonic() < give_up:
        if retry := dagster.run(run.run_id).retry_run_id:
            return dagster.run(retry)
        sleep(POLL_SECONDS)
    return None


def _will_retry(dagster: DagsterClient, run: Run) -> bool:
    """Of a run that failed: whether Dagster starts another in its place."""
    give_up = monotonic() + DECIDED_SECONDS
    while True:
        failed = dagster.run(run.run_id)
        if failed.is_retry_decided or monotonic() > give_up:
            return failed.will_retry
        sleep(POLL_SECONDS)


class RunFollower:
    """Follows runs created since `since` (seconds since 1970), and those in progress now.

    `is_ours` chooses among them. A failure ends the following, unless `may_fail` says of
    the run, when it failed, that what we wait for does not need it.
    """

    def __init__(
        self,
        dagster: DagsterClient,
        watch: Watch,
        since: float,
        is_ours: Callable[[Run], bool],
        may_fail: Callable[[Run], bool] = lambda run: False,
    ) -> None:
        self._dagster = dagster
        self._watch = watch
        self._since = since
        self._is_ours = is_ours
        self._may_fail = may_fail
        self._followed: dict[str, RunState] = {}
        self._answered_at: float | None = None
        self._busy_at = monotonic()

    def until(self, holds: Callable[[], bool], awaited: str) -> list[RunState]:
        """The runs that succeeded until `holds`; `awaited` says to people what that is.

        Raises `RunFailed`, `NothingHappens`, `DagsterUnreachable` or `DagsterRefused`.
        """
        while True:
            self._complete(self._new_runs())
            if holds():
                return [run for run in self._followed.values() if not run.failures()]
            if monotonic() - self._busy_at > LONGEST_QUIET_SECONDS:
                raise NothingHappens(awaited)
            sleep(POLL_SECONDS)

    def _new_runs(self) -> list[Run]:
        try:
            runs = self._dagster.runs_since(self._since)
        except DagsterUnreachable:
            answered_at = self._answered_at
            if answered_at is None or monotonic() - answered_at > LONGEST_SILENCE_SECONDS:
                raise
            return []
        self._answered_at = monotonic()
        # Others' runs are waited for too: they hold what ours need.
        if any(run.in_progress and not run.is_queued for run in runs):
            self._busy_at = monotonic()
        return [run for run in runs if run.run_id not in self._followed and self._is_ours(run)]

    def _complete(self, runs: Iterable[Run]) -> None:
        for run in runs:
            state = self._followed[run.run_id] = _watched(self._dagster, run, self._watch)
            self._answered_at = self._busy_at = monotonic()
            if state.failures() and not self._is_excused(run):
                raise RunFailed(state)

    def _is_excused(self, run: Run) -> bool:
        return self._may_fail(run) or _will_retry(self._dagster, run)

"""A Dagster that only remembers, whose sensors do what a test says; the real one is tested end
to end."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from mpp_local.runs.client import DagsterClient, Run
from mpp_local.runs.events import RunEnded, RunEvent


class SensedDagster(DagsterClient):
    """Each look at its runs is a tick, which does what is next in `ticks`.

    A run does its `effect` when it is followed, and has ended then.
    """

    def __init__(self, *ticks: Callable[[], None]) -> None:
        self.ticks = deque(ticks)
        self.looks = 0
        self._runs: dict[str, Run] = {}
        self._logs: dict[str, tuple[Sequence[RunEvent], Callable[[], None], bool]] = {}

    def start(
        self,
        job: str,
        *events: RunEvent,
        tags: Mapping[str, str] | None = None,
        effect: Callable[[], None] = lambda: None,
        succeeds: bool = True,
        status: str = "STARTED",
    ) -> Run:
        run_id = f"run-{len(self._runs)}"
        run = self._runs[run_id] = Run(run_id, job, status, len(self._runs), tags or {})
        self._logs[run_id] = (events, effect, succeeds)
        return run

    @property
    def url(self) -> str:
        return "http://dagster"

    def launch(self, job: str, *, days: tuple[str, str] | None = None) -> Run:
        return next(run for run in self._runs.values() if run.job == job)

    def run(self, run_id: str) -> Run:
        return self._runs[run_id]

    def runs_since(self, moment: float) -> list[Run]:
        self.looks += 1
        if self.ticks:
            self.ticks.popleft()()
        return list(self._runs.values())

    def runs_in_progress(self) -> list[Run]:
        return [run for run in self._runs.values() if run.in_progress]

    def follow(self, run_id: str) -> Iterator[RunEvent | None]:
        events, effect, succeeds = self._logs[run_id]
        yield from events
        effect()
        status = "SUCCESS" if succeeds else "FAILURE"
        self._runs[run_id] = replace(self._runs[run_id], status=status)
        yield RunEnded(succeeded=succeeds, message="" if succeeds else "no", at=2.0)

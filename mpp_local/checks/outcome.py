"""Running every asset check, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mpp_local.runs import jobs
from mpp_local.runs.client import DagsterClient
from mpp_local.runs.events import CheckEvaluated
from mpp_local.runs.following import Watch, complete


@dataclass(frozen=True, slots=True)
class ChecksOutcome:
    """`failures` say why the run failed, a sentence each: a check that could not be evaluated is
    in none of `checks`."""

    run_id: str
    checks: Sequence[CheckEvaluated]
    failures: Sequence[str]

    @property
    def ok(self) -> bool:
        """Whether all that matters passed: what is of severity WARN does not."""
        return not self.failures and not any(check.is_error for check in self.checks)


def run_checks(dagster: DagsterClient, watch: Watch) -> ChecksOutcome:
    """Launch the job that evaluates every check, and wait for its end."""
    run = complete(dagster, dagster.launch(jobs.CHECK), watch)
    in_order = sorted(run.checks, key=lambda check: (check.asset, check.check))
    return ChecksOutcome(run.run_id, in_order, run.failures())

"""The table of `mpp check`."""

import json
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mpp_local.checks.outcome import ChecksOutcome
from mpp_local.runs.events import CheckEvaluated

CHARACTERS_SHOWN = 600
"""Of one metadata value: enough for some twenty ids. `--json` has all."""


def print_outcome(outcome: ChecksOutcome, console: Console) -> None:
    """Every check, and below the table what the failed ones say."""
    table = Table("asset", "check", "outcome", box=None, pad_edge=False)
    for check in outcome.checks:
        table.add_row(Text(check.asset), Text(check.check), _verdict(check))
    console.print(table)
    for check in outcome.checks:
        if not check.passed:
            _print_findings(check, console)
    for failure in outcome.failures:
        console.print(f"\n{failure}", style="red", markup=False)
    passed = sum(check.passed for check in outcome.checks)
    errors = sum(check.is_error for check in outcome.checks)
    warnings = len(outcome.checks) - passed - errors
    console.print(f"\n{passed} passed, {warnings} warned, {errors} failed", highlight=False)


def _verdict(check: CheckEvaluated) -> Text:
    if check.passed:
        return Text("passed", "green")
    return Text("failed", "red") if check.is_error else Text("warning", "yellow")


def _print_findings(check: CheckEvaluated, console: Console) -> None:
    console.print()
    console.print(Text.assemble(f"{check.asset} ", (check.check, "bold"), " ", _verdict(check)))
    lines = [check.description] if check.description else []
    lines += [f"{name}: {_shown(value)}" for name, value in check.metadata.items()]
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2)))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]}…"

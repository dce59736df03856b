"""`mpp check`."""

from dataclasses import asdict
from typing import Annotated

import typer

from mpp_local.commands.stack import watched_dagster
from mpp_local.commands.terminal import console, print_json


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Run every asset check. Exits with 1 when one of severity ERROR does not pass."""
    from mpp_local.checks.outcome import run_checks  # noqa: PLC0415
    from mpp_local.checks.table import print_outcome  # noqa: PLC0415

    with watched_dagster(console(stderr=as_json)) as (dagster, display):
        outcome = run_checks(dagster, display)
    if as_json:
        print_json({**asdict(outcome), "ok": outcome.ok})
    else:
        print_outcome(outcome, console())
    if not outcome.ok:
        raise typer.Exit(1)

"""The commands that use the pipeline and its results, a module a noun."""

import typer

from mpp_local.commands import (
    batches,
    campaigns,
    checks,
    days,
    erasures,
    keys,
    orchestration,
    recommendations,
    releases,
)


def register(app: typer.Typer) -> None:
    """Add the commands to `mpp`."""
    for command in (
        batches.ingest,
        batches.rejected,
        batches.withdraw,
        campaigns.campaigns,
        days.refresh,
        checks.check,
        releases.releases,
        releases.rollback,
        recommendations.recommend,
        recommendations.trace,
        erasures.erase,
        orchestration.export_airflow,
    ):
        app.command()(command)
    app.add_typer(keys.keys, name="keys")

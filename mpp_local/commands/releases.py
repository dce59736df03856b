"""`mpp releases`, `mpp rollback`."""

from dataclasses import asdict
from typing import Annotated

import typer

from mpp_local.commands.stack import store_failures, store_settings
from mpp_local.commands.terminal import console, print_json


def releases(
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """List the releases, latest first, and which one is served."""
    # The command line must not pay for the stores' drivers.
    from mpp_local.releases.table import print_releases  # noqa: PLC0415
    from mpp_stores.postgres import releases as stored  # noqa: PLC0415

    settings = store_settings()
    with store_failures():
        found = stored.releases(settings, limit)
        served = stored.current_release(settings)
    served_id = served.release_id if served else None
    if as_json:
        print_json([{**asdict(each), "is_served": each.release_id == served_id} for each in found])
    else:
        print_releases(found, served_id, console())


def rollback(
    release: Annotated[str, typer.Argument(help="A kept release's id, as `mpp releases` lists.")],
) -> None:
    """Serve an earlier release again, at once, with its report."""
    from mpp_local.releases.rollback import roll_back  # noqa: PLC0415

    with store_failures():
        outcome = roll_back(store_settings(), release)
    typer.echo(
        f"Serving release {outcome.release.release_id}, published "
        f"{outcome.release.published_at:%Y-%m-%d %H:%M} UTC, "
        f"data through {outcome.release.data_through}"
    )
    if not outcome.report_shown:
        typer.echo("Its report is no longer there: the one in the reports folder is another's")

"""`mpp refresh`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from mpp_local.commands.stack import store_settings, watched_dagster
from mpp_local.commands.terminal import console, fail


def refresh(
    first: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="A UTC day. Without one: all days with events."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="The last day. Without one: the first alone."),
    ] = None,
) -> None:
    """Materialize days anew with all that is made of them, publish, and watch."""
    from mpp_local.runs import jobs  # noqa: PLC0415 - the command line must not pay for them
    from mpp_local.runs.following import RunFailed, complete  # noqa: PLC0415
    from mpp_stores.events import FIRST_EVENT_DAY  # noqa: PLC0415
    from mpp_stores.lake import Lake  # noqa: PLC0415

    if first is None:
        lake = Lake(store_settings().lake)
        days = lake.days_of(lake.conversation_events)
        if not days:
            fail("no day has events: `mpp ingest` lands some")
        begin, end = days[0], days[-1]
    else:
        begin, end = first.date(), (last or first).date()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    for day in (begin, end):
        if not FIRST_EVENT_DAY <= day <= tomorrow:
            raise typer.BadParameter(f"{day} is not between {FIRST_EVENT_DAY} and {tomorrow}")
    if end < begin:
        raise typer.BadParameter(f"{end} is before {begin}", param_hint="LAST")
    with watched_dagster(console()) as (dagster, display):
        run = dagster.launch(jobs.REFRESH, days=(begin.isoformat(), end.isoformat()))
        state = complete(dagster, run, display)
        if state.failures():
            raise RunFailed(state)

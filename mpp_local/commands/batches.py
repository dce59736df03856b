"""`mpp ingest`, `mpp rejected`, `mpp withdraw`."""

from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from mpp_local.commands.stack import store_settings, watched_dagster
from mpp_local.commands.terminal import console, fail, file_failures, print_json


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Conversation files, or folders of them."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Also take files that have not changed.")
    ] = False,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing where something was ingested before.")
    ] = False,
) -> None:
    """Land files, and watch until a release holds them."""
    # The command line must not pay for the lake's and the stores' drivers.
    from mpp_local.batches.ingest import Ingest, would_be_first  # noqa: PLC0415
    from mpp_local.batches.ingest_summary import print_summary  # noqa: PLC0415
    from mpp_local.batches.landing import UnsuitablePath, collect_files  # noqa: PLC0415
    from mpp_local.batches.publication import Publication  # noqa: PLC0415
    from mpp_local.batches.served import ServedReader  # noqa: PLC0415
    from mpp_stores.lake import Lake  # noqa: PLC0415

    started, settings, screen = monotonic(), store_settings(), console()
    try:
        files = collect_files(paths)
    except UnsuitablePath as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    with watched_dagster(screen) as (dagster, display):
        publication = Publication(dagster, Lake(settings.lake), ServedReader(settings), display)
        folders = settings.landing, settings.withdrawn
        if if_empty and not would_be_first(files, publication, *folders):
            typer.echo("Nothing ingested: the platform holds batches, or held some")
            return
        with file_failures(settings.landing):
            try:
                summary = Ingest(publication, settings.landing).run(files, force=force)
            except FileNotFoundError as error:
                fail(f"{error.filename} is gone: it was withdrawn or deleted meanwhile")
    print_summary(summary, screen, monotonic() - started)


def rejected(
    batch: Annotated[str | None, typer.Option(help="Of this batch only.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="A reason or its start: `timestamp`, `timestamp invalid`.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many records.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, whole records.")] = (
        False
    ),
) -> None:
    """Show the records that failed validation: file, position, why, and what they were."""
    from mpp_local.batches.rejected_table import print_rejected  # noqa: PLC0415
    from mpp_stores import rejections  # noqa: PLC0415
    from mpp_stores.lake import Lake  # noqa: PLC0415

    lake = Lake(store_settings().lake)
    try:
        records = list(rejections.rejected(lake, batch=batch, reason=reason, limit=limit))
    except rejections.UnknownBatch as error:
        fail(str(error))
    if as_json:
        print_json(records)
    else:
        print_rejected(records, limit, console())


def withdraw(
    batch: Annotated[str, typer.Argument(help="A landed file's name.")],
) -> None:
    """Take a batch out of every store, and watch until a release is without it."""
    from mpp_local.batches.publication import Publication  # noqa: PLC0415
    from mpp_local.batches.served import ServedReader  # noqa: PLC0415
    from mpp_local.batches.withdrawal import UnknownBatch, Withdrawal  # noqa: PLC0415
    from mpp_stores.lake import Lake  # noqa: PLC0415

    settings = store_settings()
    with watched_dagster(console()) as (dagster, display):
        publication = Publication(dagster, Lake(settings.lake), ServedReader(settings), display)
        with file_failures(settings.withdrawn):
            try:
                withdrawn = Withdrawal(publication, settings.landing, settings.withdrawn).run(batch)
            except UnknownBatch as error:
                fail(str(error))
    verb = "was withdrawn before" if withdrawn.was_withdrawn else "is withdrawn"
    release = withdrawn.release.release_id if withdrawn.release else "none"
    typer.echo(f"{batch} {verb}; serving release {release}")
    if withdrawn.is_file_kept:
        typer.echo(f"Its file is kept: {settings.withdrawn / batch}")
    else:
        typer.echo("Its file had been deleted before")

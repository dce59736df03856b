"""`mpp campaigns`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mpp_local.commands.stack import store_settings
from mpp_local.commands.terminal import fail, file_failures


def campaigns(
    file: Annotated[Path, typer.Argument(help="A campaign file; docs/campaigns.md describes it.")],
    if_empty: Annotated[
        bool,
        typer.Option("--if-empty", help="Do nothing where campaigns or batches are there already."),
    ] = False,
) -> None:
    """Say what each campaign is and when it runs: check the file, and put it in place."""
    # The command line must not pay for pyarrow.
    from mpp_local.batches.landing import known_batches  # noqa: PLC0415
    from mpp_local.campaigns.replacement import NoSuchFile, replace_campaigns  # noqa: PLC0415
    from mpp_local.campaigns.summary import summary  # noqa: PLC0415
    from mpp_stores.campaigns import InvalidCampaigns  # noqa: PLC0415
    from mpp_stores.lake import Lake  # noqa: PLC0415

    settings = store_settings()
    if if_empty and (
        settings.campaigns_file.exists()
        or known_batches(Lake(settings.lake), settings.landing, settings.withdrawn)
    ):
        typer.echo("Campaigns left as they are: the platform is in use")
        return
    with file_failures(settings.campaigns_file):
        try:
            replacement = replace_campaigns(file, settings.campaigns_file)
        except NoSuchFile as error:
            raise typer.BadParameter(str(error), param_hint="FILE") from error
        except InvalidCampaigns as error:
            fail(str(error))
    for line in summary(replacement, datetime.now(UTC).date()):
        typer.echo(line)

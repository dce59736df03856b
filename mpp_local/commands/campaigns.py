"""`mpp campaigns`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mpp_local.commands.stack import store_settings
from mpp_local.commands.terminal import fail


def campaigns(
    file: Annotated[Path, typer.Argument(help="A campaign file; docs/campaigns.md describes it.")],
) -> None:
    """Say what each campaign is and when it runs: check the file, and put it in place."""
    # The command line must not pay for pyarrow.
    from mpp_local.campaigns.replacement import NoSuchFile, replace_campaigns  # noqa: PLC0415
    from mpp_local.campaigns.summary import summary  # noqa: PLC0415
    from mpp_stores.campaigns import InvalidCampaigns  # noqa: PLC0415

    settings = store_settings()
    try:
        replacement = replace_campaigns(file, settings.campaigns_file)
    except NoSuchFile as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from error
    except InvalidCampaigns as error:
        fail(str(error))
    for line in summary(replacement, datetime.now(UTC).date()):
        typer.echo(line)

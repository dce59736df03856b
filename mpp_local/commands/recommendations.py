"""`mpp recommend`, `mpp trace`."""

from typing import Annotated

import typer

from mpp_local.api_access import ApiAccess
from mpp_local.commands.stack import environment, store_failures, store_settings
from mpp_local.commands.terminal import console, fail, print_json
from mpp_local.recommendations.client import MOST_ITEMS, NoRecommendations, recommendations
from mpp_local.recommendations.text import print_recommendation


def recommend(
    user: Annotated[str, typer.Argument(help="A user id.")],
    limit: Annotated[int, typer.Option(min=1, max=MOST_ITEMS, help="How many campaigns.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="The API's reply as it is.")] = False,
) -> None:
    """Show which campaigns come next for a user, and why."""
    try:
        reply = recommendations(ApiAccess.of(environment("MPP_API_URL")), user, limit=limit)
    except NoRecommendations as error:
        fail(str(error))
    if as_json:
        typer.echo(reply.text)
    else:
        print_recommendation(reply.json(), console())


def trace(
    user: Annotated[str, typer.Argument(help="A user id.")],
    campaign: Annotated[str, typer.Argument(help="A campaign that is recommended to the user.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show where a recommendation comes from: release, runs, messages, files and positions."""
    # The command line must not pay for the stores' drivers.
    from mpp_local.traces.gathering import NotRecommended, gather_trace  # noqa: PLC0415
    from mpp_local.traces.tree import print_trace  # noqa: PLC0415

    with store_failures():
        try:
            api = ApiAccess.of(environment("MPP_API_URL"))
            found = gather_trace(store_settings(), api, user, campaign)
        except (NoRecommendations, NotRecommended) as error:
            fail(str(error))
    if as_json:
        print_json(found)
    else:
        print_trace(found, console())

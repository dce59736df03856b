"""`mpp erase`."""

from typing import Annotated

import typer

from mpp_local.commands.stack import store_settings, watched_dagster
from mpp_local.commands.terminal import console, fail


def _not_blank(user: str) -> str:
    if not user.strip():
        raise typer.BadParameter("a user id is more than white space")
    return user


def erase(
    user: Annotated[str, typer.Argument(help="A user id.", callback=_not_blank)],
) -> None:
    """Forget a user everywhere, and print the receipt. Again after an interruption: goes on."""
    # The command line must not pay for the stores' drivers.
    from mpp_local.erasures.following import ErasureFollower, ErasureLost  # noqa: PLC0415
    from mpp_local.erasures.receipt import is_verified, print_receipt  # noqa: PLC0415
    from mpp_stores.postgres import erasures  # noqa: PLC0415
    from mpp_stores.records import Erasure  # noqa: PLC0415

    settings, screen = store_settings(), console()

    def tell(erasure: Erasure) -> None:
        screen.print(f"erasure {erasure.erasure_id}: {erasure.state}", markup=False)

    with watched_dagster(screen) as (dagster, display):
        requested = erasures.request(settings, user)
        follower = ErasureFollower(
            dagster, lambda erasure_id: erasures.find(settings, erasure_id), display, tell
        )
        try:
            erasure = follower.until_completed(requested)
        except ErasureLost as error:
            fail(str(error))
    print_receipt(erasure.receipt, screen)
    if not is_verified(erasure.receipt):
        raise typer.Exit(1)

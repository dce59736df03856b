"""Commands that use the pipeline and its results."""

from pathlib import Path
from time import monotonic
from typing import Annotated, NoReturn

import httpx
import typer
from rich.console import Console

from mpp_local.dagster_client import DagsterClient, DagsterRefused, DagsterUnreachable
from mpp_local.environment import stack_environment
from mpp_local.ingest import Ingest, RunFailed
from mpp_local.ingest_summary import print_summary
from mpp_local.landing import UnsuitablePath, collect_files
from mpp_local.recommendation_text import print_recommendation
from mpp_local.run_display import RunDisplay
from mpp_local.stack import NoStack, home_from_environment
from mpp_stores.settings import StoreSettings

API_TIMEOUT_SECONDS = 30.0
INTERRUPTED = 130
PLAIN_WIDTH = 120
"""Characters in a line when the output is not a terminal."""


def register(app: typer.Typer) -> None:
    """Add the pipeline's commands to `mpp`."""
    app.command()(ingest)
    app.command()(recommend)


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Conversation files, or folders of them."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Also take files that have not changed.")
    ] = False,
) -> None:
    """Land files, bring every store up to date and publish a release."""
    started = monotonic()
    console = _console()
    try:
        files = collect_files(paths)
    except UnsuitablePath as error:
        raise typer.BadParameter(str(error), param_hint="PATH") from error
    environment = _environment()
    # Only the landing folder is of interest, not where the stores are.
    landing = StoreSettings.model_construct(home=Path(environment["MPP_HOME"])).landing
    with DagsterClient(environment["MPP_DAGSTER_URL"]) as dagster, RunDisplay(console) as display:
        try:
            summary = Ingest(dagster, landing, display).run(files, force=force)
        except RunFailed as failure:
            _fail(f"{failure}\nMore: {dagster.runs_url}/{failure.run.run_id}")
        except DagsterUnreachable as error:
            _fail(f"{error}\nStart the stack with `mpp up`.")
        except DagsterRefused as error:
            _fail(f"Dagster: {error}")
        except KeyboardInterrupt:
            _fail(f"No longer watching. A launched run goes on: {dagster.runs_url}", INTERRUPTED)
    print_summary(summary, console, monotonic() - started)


def recommend(
    user: Annotated[str, typer.Argument(help="A user id.")],
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many campaigns.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="The API's reply as it is.")] = False,
) -> None:
    """Show which campaigns come next for a user, and why."""
    url = _environment()["MPP_API_URL"]
    try:
        # By POST, because a path does not carry every user id.
        response = httpx.post(
            f"{url}/recommendations",
            json={"user_id": user, "limit": limit},
            timeout=API_TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        _fail(f"The API does not answer at {url}: {error}\nStart the stack with `mpp up`.")
    if response.is_error:
        _fail(f"The API answered {response.status_code}: {_problem(response)}")
    if as_json:
        typer.echo(response.text)
    else:
        print_recommendation(response.json(), _console())


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def _environment() -> dict[str, str]:
    try:
        return stack_environment(home_from_environment())
    except NoStack as error:
        _fail(str(error))


def _problem(response: httpx.Response) -> str:
    """What a problem+json reply says, or whatever else stands in its place."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text


def _fail(message: str, status: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)

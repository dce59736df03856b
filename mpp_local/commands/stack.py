"""The stack that the commands work on: the one in `MPP_HOME`."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from mpp_local.commands.terminal import fail
from mpp_local.environment import stack_environment
from mpp_local.runs.client import DagsterClient, DagsterRefused, DagsterUnreachable
from mpp_local.runs.display import RunDisplay
from mpp_local.runs.following import NothingHappens, RunFailed
from mpp_local.stack import NoStack, home_from_environment
from mpp_stores.errors import StoreError
from mpp_stores.settings import StoreSettings

INTERRUPTED = 130
PREFIX = "MPP_"


def environment() -> dict[str, str]:
    """The stack's addresses. Ends the command where there is no stack."""
    try:
        return stack_environment(home_from_environment())
    except NoStack as error:
        fail(str(error))


def store_settings() -> StoreSettings:
    """The stack's stores, whatever `MPP_*` variables the caller has set."""
    return StoreSettings.model_validate(
        {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment().items()
            if name.startswith(PREFIX)
        }
    )


@contextmanager
def store_failures() -> Iterator[None]:
    """End the command with what a store says."""
    try:
        yield
    except StoreError as error:
        fail(str(error))


@contextmanager
def watched_dagster(console: Console) -> Iterator[tuple[DagsterClient, RunDisplay]]:
    """Dagster, and a display for its runs. What goes wrong ends the command with a sentence and
    where to look."""
    with (
        store_failures(),
        DagsterClient(environment()["MPP_DAGSTER_URL"]) as dagster,
    ):
        try:
            with RunDisplay(console) as display:
                yield dagster, display
        except RunFailed as failure:
            fail(f"{failure}\nMore: {dagster.run_url(failure.run.run_id)}")
        except NothingHappens as error:
            where = f"{dagster.url}/automation, where each sensor says what it saw"
            fail(f"{error}.\nLook at `mpp status`, and at {where}.")
        except DagsterUnreachable as error:
            fail(f"{error}\nStart the stack with `mpp up`.")
        except DagsterRefused as error:
            fail(f"Dagster: {error}")
        except KeyboardInterrupt:
            fail(f"No longer watching. What began goes on: {dagster.url}/runs", INTERRUPTED)

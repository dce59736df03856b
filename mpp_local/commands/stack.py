"""The stack that the commands work on: the one in `MPP_HOME`, or a deployment without one."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console

from mpp_local.commands.terminal import fail
from mpp_local.environment import environment_of
from mpp_local.runs.client import DagsterClient, DagsterRefused, DagsterUnreachable
from mpp_local.runs.display import RunDisplay
from mpp_local.runs.following import NothingHappens, RunFailed
from mpp_local.services.api import Api
from mpp_local.services.dagster import DagsterWebserver
from mpp_local.stack import NoStack, Stack, UnreadableStack, home_from_environment
from mpp_local.supervision import Supervisor
from mpp_stores.errors import StoreError
from mpp_stores.settings import StoreSettings

INTERRUPTED = 130
PREFIX = "MPP_"
STORES = tuple(
    f"{PREFIX}{name.upper()}"
    for name, field in StoreSettings.model_fields.items()
    if field.is_required()
)
"""The variables without which there is no platform."""
SERVICE_AT = {"MPP_DAGSTER_URL": DagsterWebserver.name, "MPP_API_URL": Api.name}
"""The stack's services that a command asks, by the variables with their addresses."""


def environment(*needed: str) -> dict[str, str]:
    """The stack's addresses; where `MPP_HOME` holds no stack, those that the caller has set.

    Ends the command where no stack is and a store is not set, or one of the `needed`, and
    where the stack's service at a `needed` address does not run.
    """
    home = home_from_environment()
    try:
        stack = Stack.load(home)
        addresses = environment_of(stack)
    except UnreadableStack as error:
        fail(str(error))
    except NoStack as error:
        missing = [name for name in (*STORES, *needed) if not os.environ.get(name)]
        if not missing:
            return {**os.environ, "MPP_HOME": str(home)}
        is_deployment = any(name in os.environ for name in STORES)
        fail(f"{error}, or {', '.join(missing)} too" if is_deployment else str(error))
    if needed:
        _require_running(stack, [SERVICE_AT[name] for name in needed])
    return addresses


def _require_running(stack: Stack, services: Sequence[str]) -> None:
    """End the command where one does not run: by now its port may be another stack's, which
    would be sent the work and the key."""
    processes = Supervisor(stack).processes()
    for name in services:
        process = processes.get(name)
        if process is None or not process.is_started:
            fail(f"The {name} of {stack.home} does not run. Start the stack with `mpp up`.")


class _GivenSettings(StoreSettings):
    """What they are made of and nothing else: no variable of the caller's."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def store_settings() -> StoreSettings:
    """The stack's stores, whatever `MPP_*` variables the caller has set."""
    values = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment().items()
        if name.startswith(PREFIX)
    }
    try:
        return _GivenSettings.model_validate(values)
    except ValidationError as error:
        fail("\n".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors()))


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
        DagsterClient(environment("MPP_DAGSTER_URL")["MPP_DAGSTER_URL"]) as dagster,
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
            fail(f"{error}\n`mpp status` shows what is wrong. Start the stack with `mpp up`.")
        except DagsterRefused as error:
            fail(f"Dagster: {error}")
        except KeyboardInterrupt:
            fail(f"No longer watching. What began goes on: {dagster.url}/runs", INTERRUPTED)

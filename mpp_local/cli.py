"""The `mpp` command line."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from mpp_local import commands
from mpp_local.commands.terminal import console, fail
from mpp_local.environment import environment_of
from mpp_local.progress import ProgressDisplay
from mpp_local.proxies import except_this_machine
from mpp_local.stack import NoStack, Stack, UnreadableStack, home_from_environment
from mpp_local.startup import StartFailed, start_stack, stop_stack
from mpp_local.status import LEAST_FREE_MB, as_json, as_table, free_mb, stack_status
from mpp_stores.api_keys import InvalidKeyFile

app = typer.Typer(
    help="The marketing personalization platform on this machine. MPP_HOME names its folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
commands.register(app)


@app.callback()
def _before_every_command() -> None:
    except_this_machine(os.environ)


@app.command()
def up(
    only: Annotated[
        str | None,
        typer.Option(help="`stores` starts the five engines and neither Dagster nor the API."),
    ] = None,
) -> None:
    """Start what is not running, and wait until everything answers."""
    if only not in {None, "stores"}:
        raise typer.BadParameter(f"{only!r} is not a part that starts alone; `stores` is")
    screen = console(stderr=True)
    try:
        with (
            Stack.locked(home_from_environment(), screen.print, create=True) as stack,
            ProgressDisplay(screen) as display,
        ):
            start_stack(stack, display, screen.print, only_stores=only == "stores")
    except (StartFailed, UnreadableStack, InvalidKeyFile, RuntimeError, OSError) as error:
        screen.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    if only is None:
        environment = environment_of(stack)
        api, key = environment["MPP_API_URL"], environment["MPP_API_KEY"]
        typer.echo(f"Dagster UI  {environment['MPP_DAGSTER_URL']}")
        typer.echo(f"API         {api}/docs")
        typer.echo(f"API key     {key}")
        typer.echo(f"Explorer    {api}/explorer#key={key}")


@app.command()
def down() -> None:
    """Stop everything. Data stays."""
    with _stopped_stack() as stack:
        typer.echo(f"stopped; the data stays in {stack.home}")


@app.command()
def status(
    as_json_text: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show each component, and the disk. Exits with 1 when one that was started does not answer,
    or little is free."""
    with _no_stack():
        stack = Stack.load(home_from_environment())
        rows, free = stack_status(stack), free_mb(stack)
    is_nearly_full = free < LEAST_FREE_MB
    if as_json_text:
        typer.echo(json.dumps(as_json(rows, free), indent=2))
    else:
        console().print(as_table(rows))
        color = typer.colors.RED if is_nearly_full else None
        typer.secho(f"{free:,.0f} MB free on the disk with {stack.home}", fg=color)
    if is_nearly_full or any(row.is_troubled for row in rows):
        raise typer.Exit(1)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A component, as `mpp status` lists them.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep showing new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
) -> None:
    """Show the log of one component."""
    stack = _existing_stack()
    if not stack.log(name).exists():
        known = ", ".join(sorted(log.stem for log in stack.logs.glob("*.log")))
        raise typer.BadParameter(f"no log of {name!r}; there are logs of: {known or 'nothing yet'}")
    options = ["-n", str(lines), *(["-F"] if follow else [])]
    os.execvp("tail", ["tail", *options, str(stack.log(name))])  # noqa: S606, S607


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete all data of this stack."""
    stack = _existing_stack()
    if not yes:
        typer.confirm(f"Delete all data of the stack in {stack.home}?", abort=True)
    with _stopped_stack() as stack:
        for path in stack.remove():
            typer.echo(f"kept {path}: the stack did not write it")


def _existing_stack() -> Stack:
    with _no_stack():
        return Stack.load(home_from_environment())


@contextmanager
def _stopped_stack() -> Iterator[Stack]:
    """No other command starts it meanwhile."""
    tell = console(stderr=True).print
    with _no_stack(), Stack.locked(home_from_environment(), tell) as stack:
        stop_stack(stack, tell)
        yield stack


@contextmanager
def _no_stack() -> Iterator[None]:
    """End the command with what is wrong."""
    try:
        yield
    except (NoStack, UnreadableStack) as error:
        fail(str(error))

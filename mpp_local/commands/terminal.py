"""How the commands write, and how they end when something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

PLAIN_WIDTH = 120
"""Characters in a line when the output is not a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Of stdout, or of stderr for progress beside machine-readable output."""
    made = Console(stderr=stderr)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


def print_json(value: Any) -> None:
    """Dataclasses as objects, paths as text, days and times as ISO 8601 text."""
    from pydantic_core import to_json  # noqa: PLC0415 - the command line must not pay for it

    typer.echo(to_json(value, indent=2))


def fail(message: str, status: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)


@contextmanager
def file_failures(place: Path) -> Iterator[None]:
    """End the command with what the system says of a file; of `place` where it names none."""
    try:
        yield
    except OSError as error:
        fail(f"{error.filename or place}: {error.strerror}")

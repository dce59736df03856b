"""How the commands write, and how they end when something is wrong."""

import json
from dataclasses import asdict, is_dataclass
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
    """Dataclasses as objects, days and times as ISO 8601 text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_as_json))


def fail(message: str, status: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)


def _as_json(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat()

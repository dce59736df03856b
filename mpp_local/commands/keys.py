"""`mpp keys`: who may call the API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from mpp_local.api_access import keys_file
from mpp_local.commands.terminal import console, fail, file_failures, print_json
from mpp_local.stack import STATE_FILE, NoStack, home_from_environment
from mpp_stores import api_keys
from mpp_stores.api_keys import MAX_NAME_CHARACTERS, InvalidKeyFile, Role, UnknownKey

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is, for people: `newsletter job`.")],
    role: Annotated[Role, typer.Option(help="Each role includes those before it.")] = Role.READ,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise typer.BadParameter(f"1 to {MAX_NAME_CHARACTERS} characters", param_hint="--name")
    record, key = api_keys.issue(name, role)
    with _known_file() as path:
        api_keys.add(path, record)
    typer.echo(f"key {record.key_id} with the role {role}; it is not shown again:", err=True)
    typer.echo(key.get_secret_value())


@keys.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Show every key, revoked ones too. What a key's owner sends cannot be shown again."""
    with _known_file() as path:
        records = api_keys.load(path)
    if as_json:
        print_json([record.model_dump(exclude={"secret_sha256"}) for record in records])
        return
    table = Table("key id", "name", "role", "created", "revoked", box=None, pad_edge=False)
    for record in records:
        revoked = f"{record.revoked_at:%Y-%m-%d %H:%M}" if record.revoked_at else ""
        created = f"{record.created_at:%Y-%m-%d %H:%M}"
        table.add_row(record.key_id, Text(record.name), record.role, created, revoked)
    console().print(table)


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `mpp keys list` shows it.")]) -> None:
    """End a key. Running services refuse it from their next request on."""
    with _known_file() as path:
        record = api_keys.revoke(path, key_id)
    typer.echo(f"key {record.key_id} ({record.name}) is revoked")


@contextmanager
def _known_file() -> Iterator[Path]:
    """The keys' file of a stack, or the one that the environment names. What is wrong with it
    ends the command."""
    home = home_from_environment()
    is_named = os.environ.get("MPP_HOME") or os.environ.get("MPP_API_KEYS_FILE")
    if not is_named and not (home / STATE_FILE).exists():
        fail(f"{NoStack(home)} or MPP_API_KEYS_FILE")
    path = keys_file(home)
    try:
        with file_failures(path):
            yield path
    except (UnknownKey, InvalidKeyFile) as error:
        fail(str(error))

"""The receipt of an erasure, as the job that completes it writes it.

erasure_id, requested_at, verified_at
removed_from_files   counts: of files rewritten and of records removed
dropped              counts by place, some of them nested, and which engines compacted
remaining            what a search of every place found afterwards, by place
verified             whether that was nothing anywhere
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def is_verified(receipt: Mapping[str, Any]) -> bool:
    return receipt.get("verified") is True and not any(receipt.get("remaining", {}).values())


def print_receipt(receipt: Mapping[str, Any], console: Console) -> None:
    table = Table("receipt", "", box=None, pad_edge=False)
    for name, value in _figures(receipt):
        is_left = name.startswith("remaining ") and bool(value)
        table.add_row(Text(name), Text(_shown(value), "red" if is_left else ""))
    console.print(table)
    if is_verified(receipt):
        console.print("Verified: nothing of the user was found in any place", style="green")
    else:
        console.print("NOT verified: something of the user is left", style="red")


def _figures(receipt: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The receipt's values, nested ones under the names on the way to them."""
    for name, value in receipt.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)

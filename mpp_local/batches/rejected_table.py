"""The table of `mpp rejected`."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mpp_stores.rejections import RejectedEvent

CHARACTERS_SHOWN = 160


def print_rejected(records: Sequence[RejectedEvent], limit: int, console: Console) -> None:
    """`limit` is how many were asked for: with as many, there may be more."""
    if not records:
        console.print("No rejected record.")
        return
    table = Table("batch", box=None, pad_edge=False)
    table.add_column("position", justify="right")
    table.add_column("reasons")
    table.add_column("record")
    for record in records:
        table.add_row(
            Text(record.batch),
            f"{record.position}",
            Text("\n".join(record.reasons)),
            Text(shortened(record.record), style="dim"),
        )
    console.print(table)
    if len(records) == limit:
        console.print(f"The first {limit}; --limit shows more, --json whole records.", style="dim")


def shortened(record: str) -> str:
    """On one line, without control characters that a terminal would obey."""
    line = "".join(
        character if character.isprintable() else " "
        for character in record[: CHARACTERS_SHOWN + 1]
    )
    return line if len(record) <= CHARACTERS_SHOWN else f"{line[:CHARACTERS_SHOWN]}…"

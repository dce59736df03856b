"""The tables at the end of `mpp ingest`."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mpp_local.batches.ingest import IngestSummary
from mpp_stores.lake import BatchSummary


def print_summary(summary: IngestSummary, console: Console, elapsed_seconds: float) -> None:
    for batch in summary.unchanged:
        console.print(f"{escape(batch)}: unchanged since its release, skipped (--force repeats it)")
    if not summary.batches:
        return
    console.print(_batch_table(summary.batches))
    if summary.written:
        console.print(_written_table(summary))
    for check in summary.failed_checks:
        console.print(
            f"{check.severity}: check {check.check} of {check.asset} did not pass",
            style="yellow",
            markup=False,
        )
    outcome = (
        f"Release [bold]{escape(summary.release.release_id)}[/bold] published"
        if summary.release
        else "No event day was touched: no release published"
    )
    console.print(f"{outcome}, {elapsed_seconds:.1f} s", highlight=False)


def _batch_table(batches: Iterable[BatchSummary]) -> Table:
    table = Table("batch", title="Landed", title_justify="left")
    for heading in ("read", "accepted", "duplicates", "rejected"):
        table.add_column(heading, justify="right")
    table.add_column("rejected by reason")
    for batch in batches:
        counts = (batch.read, batch.accepted, batch.duplicates, batch.rejected)
        table.add_row(
            escape(batch.batch),
            *(f"{count:,}" for count in counts),
            _reasons(batch.rejected_by_reason),
        )
    return table


def _written_table(summary: IngestSummary) -> Table:
    table = Table("store", title="Written", title_justify="left")
    for heading in ("written", "in the release"):
        table.add_column(heading, justify="right")
    released = summary.release.row_counts if summary.release else {}
    for name, written in summary.written.items():
        total = released.get(name)
        table.add_row(escape(name), f"{written:,}", "" if total is None else f"{total:,}")
    return table


def _reasons(counts: Mapping[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{count:,} {escape(reason)}" for reason, count in most_first)

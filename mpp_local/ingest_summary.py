"""The tables at the end of `mpp ingest`."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mpp_local.ingest import IngestSummary


def print_summary(summary: IngestSummary, console: Console, elapsed_seconds: float) -> None:
    for batch in summary.unchanged:
        console.print(f"{escape(batch)}: unchanged since its release, skipped (--force repeats it)")
    if summary.batches:
        console.print(_batch_table(summary))
    if summary.targets:
        console.print(_target_table(summary))
    for check in summary.failed_checks:
        console.print(
            f"{check.severity}: check {check.check} of {check.asset} did not pass",
            style="yellow",
            markup=False,
        )
    if summary.unchanged and not summary.batches:
        return
    outcome = (
        f"Release [bold]{escape(summary.release_id)}[/bold] published"
        if summary.release_id
        else "No event day was touched: no release published"
    )
    console.print(f"{outcome}, {elapsed_seconds:.1f} s", highlight=False)


def _batch_table(summary: IngestSummary) -> Table:
    table = Table("batch", title="Landed", title_justify="left")
    for heading in ("read", "accepted", "duplicates", "rejected"):
        table.add_column(heading, justify="right")
    table.add_column("rejected by reason")
    for batch, counts in summary.batches.items():
        table.add_row(
            escape(batch),
            *(f"{counts[name]:,}" for name in ("read", "accepted", "duplicates", "rejected")),
            _reasons(counts["rejected_by_reason"]),
        )
    return table


def _target_table(summary: IngestSummary) -> Table:
    table = Table("store", title="Written", title_justify="left")
    for heading in ("written", "swept", "rows"):
        table.add_column(heading, justify="right")
    for name, target in summary.targets.items():
        table.add_row(escape(name), f"{target.written:,}", f"{target.swept:,}", f"{target.rows:,}")
    return table


def _reasons(counts: Mapping[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"{count:,} {escape(reason)}" for reason, count in most_first)

"""The table of `mpp releases`."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mpp_stores.records import Release

MESSAGES = "mongo/conversations"


def print_releases(releases: Sequence[Release], served_id: str | None, console: Console) -> None:
    if not releases:
        console.print("No release yet: `mpp ingest` leads to the first one.")
        return
    table = Table("release", "published (UTC)", "data through", box=None, pad_edge=False)
    table.add_column("messages", justify="right")
    for heading in ("quality", "state", "predecessor"):
        table.add_column(heading)
    for release in releases:
        messages = release.row_counts.get(MESSAGES)
        is_served = release.release_id == served_id
        table.add_row(
            escape(release.release_id),
            f"{release.published_at:%Y-%m-%d %H:%M:%S}",
            release.data_through.isoformat(),
            "" if messages is None else f"{messages:,}",
            _quality(release.quality),
            "served" if is_served else "kept" if release.is_kept else "dropped",
            escape(release.predecessor or ""),
            style="bold green" if is_served else "" if release.is_kept else "dim",
        )
    console.print(table)


def _quality(figures: Mapping[str, float]) -> str:
    return "\n".join(f"{escape(name)} {value:.3f}" for name, value in sorted(figures.items()))

"""Showing how a start gets on: a live table on a terminal, plain lines elsewhere."""

from threading import Lock
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from mpp_local.startup import Progress

STYLES = {"ready": "green", "starting": "yellow", "failed": "red"}


class ProgressDisplay:
    """A context manager to report `Progress` to, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._latest: dict[str, Progress] = {}
        self._lock = Lock()
        self._live = Live(console=console) if console.is_terminal else None

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            previous = self._latest.get(progress.component.name)
            self._latest[progress.component.name] = progress
            if self._live is not None:
                self._live.update(self._table())
            elif previous is None or previous.state != progress.state:
                self._console.print(
                    f"{progress.component.name:<20} {progress.state:<9} "
                    f"{progress.elapsed_seconds:6.1f} s"
                )

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, progress in self._latest.items():
            style = STYLES[progress.state]
            table.add_row(
                name,
                f"[{style}]{progress.state}[/{style}]",
                f"{progress.elapsed_seconds:.1f} s",
                f"[dim]{progress.component.product}[/dim]",
            )
        return table

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

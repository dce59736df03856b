"""Showing how runs get on: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from time import time
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mpp_local.runs.state import AssetState, RunState, State

STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "yellow",
    State.RETRYING: "yellow",
    State.DONE: "green",
    State.FAILED: "red",
    State.SKIPPED: "dim",
}


class RunDisplay(AbstractContextManager["RunDisplay"]):
    """A context manager to call with a run and the assets that changed.

    A run that ended stays on the screen as it was at its end.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._run_id: str | None = None
        self._live: Live | None = None

    def __call__(self, run: RunState, changed: Sequence[AssetState]) -> None:
        if run.run_id != self._run_id:
            self._begin(run)
        if self._live is not None:
            self._live.update(_run_table(run), refresh=True)
        else:
            for asset in changed:
                if asset.state is not State.WAITING:
                    self._console.print(_plain_line(asset), markup=False, highlight=False)

    def _begin(self, run: RunState) -> None:
        self._run_id = run.run_id
        if self._console.is_terminal:
            self._stop()
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        else:
            self._console.print(run.label, markup=False, highlight=False)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()


def _run_table(run: RunState) -> Table:
    state = "" if run.started or run.ended else "  waiting in Dagster's queue"
    if run.checks and not run.assets:
        state = f"  {len(run.checks)} checks evaluated"
    table = Table.grid(padding=(0, 2))
    table.title = Text.assemble((run.label, "bold"), (state, "dim"))
    table.title_justify = "left"
    table.add_column(min_width=32)
    table.add_column(min_width=8)
    table.add_column(min_width=14, justify="right")
    table.add_column(min_width=8, justify="right")
    table.add_column()
    for asset in run.assets.values():
        name, state_name, rows, elapsed, said = _cells(asset)
        state_text, said_text = Text(state_name, STYLES[asset.state]), Text(said, "dim")
        table.add_row(f"  {name}", state_text, rows, elapsed, said_text)
    return table


def _plain_line(asset: AssetState) -> str:
    name, state, rows, elapsed, said = _cells(asset)
    return f"  {name:<32} {state:<8} {rows:>14} {elapsed:>8}  {said}".rstrip()


def _cells(asset: AssetState) -> tuple[str, str, str, str, str]:
    rows = "" if asset.rows is None else f"{asset.rows:,} rows"
    seconds = asset.elapsed_seconds(time())
    elapsed = "" if seconds is None else f"{seconds:.1f} s"
    said = asset.message if asset.state is State.RUNNING else ""
    return asset.name, asset.state.value, rows, elapsed, said

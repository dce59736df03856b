"""How every component of a stack is doing, and the disk that holds its data."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]
from rich.table import Table

from mpp_local.component import Component, NotReady
from mpp_local.engines import engines_of
from mpp_local.environment import environment_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.supervision import Process, Supervisor

BYTES_PER_MB = 1_000_000
LEAST_FREE_MB = 500
"""With less, what a store writes for a while can be more than there is."""


@dataclass(frozen=True)
class ComponentStatus:
    """One row. Memory is resident, of the program and its descendants."""

    component: str
    engine: str
    """The software in this role, or `external`."""
    state: str
    """`ready` answers; `starting` and `not answering` run and do not; `restarting` died;
    `failed` died too often; `stopped` was not started; `unreachable` is external and silent."""
    address: str
    pid: int | None
    rss_mb: float
    uptime_seconds: float

    @property
    def is_troubled(self) -> bool:
        return self.state not in {"ready", "stopped"}


def stack_status(stack: Stack) -> list[ComponentStatus]:
    """Ask every component. Takes a few seconds when some do not answer."""
    processes = Supervisor(stack).processes()
    environment = environment_of(stack)
    components: tuple[Component, ...] = (*engines_of(stack), *SERVICES)

    def status(component: Component) -> ComponentStatus:
        external = component.name in stack.external
        process = None if external else processes.get(component.name)
        running = process is not None and process.pid > 0
        return ComponentStatus(
            component=component.name,
            engine="external" if external else component.product,
            state=_state(component, process, environment, external=external),
            address=component.address(environment),
            pid=process.pid if process and running else None,
            rss_mb=_resident_mb(process.pid) if process and running else 0,
            uptime_seconds=process.uptime_seconds if process else 0,
        )

    with ThreadPoolExecutor(len(components)) as pool:
        return list(pool.map(status, components))


def free_mb(stack: Stack) -> float:
    """What is free on the disk that the stack's data is on."""
    return round(shutil.disk_usage(stack.home).free / BYTES_PER_MB, 1)


def as_json(rows: Iterable[ComponentStatus], free: float) -> dict[str, Any]:
    rows = list(rows)
    return {
        "components": [asdict(row) for row in rows],
        "total_rss_mb": _total(rows),
        "disk_free_mb": free,
    }


def as_table(rows: Iterable[ComponentStatus]) -> Table:
    rows = list(rows)
    table = Table("component", "engine", "state", "address", box=None, pad_edge=False)
    for heading in ("pid", "RSS MB", "uptime"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        style = "red" if row.is_troubled else "green" if row.state == "ready" else "dim"
        table.add_row(
            *(row.component, row.engine, f"[{style}]{row.state}[/{style}]", row.address),
            *(str(row.pid or ""), f"{row.rss_mb:.0f}" if row.pid else ""),
            f"{row.uptime_seconds:.0f} s" if row.pid else "",
        )
    table.add_section()
    table.add_row("total", "", "", "", "", f"{_total(rows):.0f}", "")
    return table


def _total(rows: Iterable[ComponentStatus]) -> float:
    return round(sum(row.rss_mb for row in rows), 1)


def _state(
    component: Component, process: Process | None, environment: dict[str, str], *, external: bool
) -> str:
    if not external:
        state = process.state if process else "STOPPED"
        if state not in {"STARTING", "RUNNING"}:
            return {"FATAL": "failed", "BACKOFF": "restarting"}.get(state, "stopped")
    try:
        component.probe(environment)
    except NotReady:
        if external:
            return "unreachable"
        return "starting" if process and process.state == "STARTING" else "not answering"
    return "ready"


def _resident_mb(pid: int) -> float:
    """Memory shared between a program's processes is counted once for each of them."""
    try:
        program = psutil.Process(pid)
        family = [program, *program.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    resident = 0
    for member in family:
        try:
            resident += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return round(resident / BYTES_PER_MB, 1)

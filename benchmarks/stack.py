"""A stack to measure on: one of its own, in a temporary folder; and what it is doing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import psutil  # type: ignore[import-untyped]

from mpp_local.stack import Stack
from mpp_local.supervision import Supervisor
from tests.stacks import running_stack, without_addresses

STORES = ("--only", "stores")
QUIET_SECONDS = 2
QUIET_SHARE = 0.15  # of a core


@contextmanager
def own_stack(*options: str) -> Iterator[Path]:
    """The home of a running stack, whose addresses are in the environment. `options` are those of
    `mpp up`."""
    with TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        home = Path(folder)
        with without_addresses(home), running_stack(home, *options):
            yield home


def processor_seconds(home: Path) -> dict[str, float]:
    """Of each program that runs and of what it started, ended processes included."""
    programs = Supervisor(Stack.load(home)).processes()
    return {name: _with_children(info.pid) for name, info in programs.items() if info.pid}


def await_rest(home: Path) -> float:
    """Wait until the stack's programs have done next to nothing for two seconds: milvus-lite goes
    on building indexes of what was written. Returns the seconds until they began to rest."""
    began, before, quiet = perf_counter(), processor_seconds(home), 0
    while quiet < QUIET_SECONDS:
        sleep(1)
        now = processor_seconds(home)
        quiet = quiet + 1 if sum(now.values()) - sum(before.values()) < QUIET_SHARE else 0
        before = now
    return perf_counter() - began - QUIET_SECONDS


def _with_children(pid: int) -> float:
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(
        each.user + each.system + each.children_user + each.children_system for each in times
    )

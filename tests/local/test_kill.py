"""`kill -9` loses nothing that was committed, and what was killed comes back."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from mpp_local.stack import Stack
from mpp_local.supervision import Supervisor, await_end
from tests.local.commands import Mpp
from tests.local.committed_data import ROWS, VALUE
from tests.waiting import wait_until


def engine_pids(home: Path) -> dict[str, int]:
    processes = Supervisor(Stack.load(home)).processes()
    return {engine: processes[engine].pid for engine in ROWS}


@pytest.fixture(scope="module")
def restarted(stores: Mpp, addresses: dict[str, str]) -> dict[str, str]:
    """The addresses of stores that were each written to, killed at once, and restarted."""
    before = engine_pids(stores.home)
    for engine, row in ROWS.items():
        row.write(addresses)
        os.kill(before[engine], signal.SIGKILL)
    wait_until(lambda: not set(engine_pids(stores.home).values()) & {0, *before.values()})
    ready = stores("up", "--only", "stores")
    assert ready.returncode == 0, ready.stderr
    return addresses


@pytest.mark.parametrize("engine", ROWS)
def test_a_killed_engine_restarts_with_all_committed_data(
    engine: str, restarted: dict[str, str]
) -> None:
    assert ROWS[engine].read(restarted) == VALUE


def test_engines_that_outlived_their_supervisor_are_replaced(
    stores: Mpp, restarted: dict[str, str]
) -> None:
    stack = Stack.load(stores.home)
    orphans = [psutil.Process(pid) for pid in engine_pids(stores.home).values()]
    supervisor = psutil.Process(int((stack.run / "supervisord.pid").read_text()))
    supervisor.kill()
    await_end([supervisor], seconds=10)

    assert stores("up", "--only", "stores").returncode == 0

    assert await_end(orphans, seconds=0) == []
    assert {row.read(restarted) for row in ROWS.values()} == {VALUE}

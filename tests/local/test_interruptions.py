"""Ctrl-C while a stack starts or stops."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, Timer

import psutil
import pytest

from mpp_local import startup, supervision
from mpp_local.engines import engines_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.startup import Progress, start_stack, stop_stack
from mpp_local.supervision import Supervisor, await_end
from tests.local.commands import Mpp
from tests.local.idle import NOWHERE, start
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def listening_to_ctrl_c() -> Iterator[None]:
    """Also where the tests were started by who ignores it, as a shell does in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_start_no_longer_waits_for_what_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, address in NOWHERE.items():
        monkeypatch.setenv(name, address)
    stack, reports = Stack.load_or_create(tmp_path), list[Progress]()

    def interrupt_when_all_are_waited_for(progress: Progress) -> None:
        waited_for = {report.component for report in reports}
        reports.append(progress)
        if waited_for < {*waited_for, progress.component} == set(engines_of(stack)):
            os.kill(os.getpid(), signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            start_stack(stack, interrupt_when_all_are_waited_for, print, only_stores=True)
    finally:
        stop_stack(stack, print)

    assert {report.state for report in reports} == {"starting"}


def test_a_stop_that_was_interrupted_is_completed_by_the_next(cache_only: Mpp) -> None:
    assert cache_only("up", "--only", "stores").returncode == 0
    supervisor = Supervisor(Stack.load(cache_only.home))
    engine = psutil.Process(cache_only.status()["redis"].pid)
    engine.suspend()  # it ends when it may go on, or after 20 s

    with cache_only.begin("down") as interrupted:
        wait_until(lambda: not supervisor.processes())
        interrupted.send_signal(signal.SIGINT)
    assert engine.is_running()
    assert cache_only.status()["redis"].state == "stopped"
    with cache_only.begin("down") as completed:
        assert completed.stderr is not None
        assert completed.stderr.readline() == "stopping …\n"
        engine.resume()
        completed.communicate()

    assert completed.returncode == 0
    assert await_end([engine], seconds=0) == []


def test_what_an_interrupted_restart_still_stops_is_started_again_by_the_next(
    idle: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "LOCAL_DEADLINE_SECONDS", 5)
    start(idle)
    supervisor = Supervisor(idle)
    daemon = psutil.Process(supervisor.processes()["dagster-daemon"].pid)
    daemon.suspend()  # it ends when it may go on, or after 20 s
    monkeypatch.setattr(supervision, "served_code", lambda: "other code")

    def interrupt_while_it_stops() -> None:
        wait_until(lambda: supervisor.processes()["dagster-daemon"].state == "STOPPING")
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt_while_it_stops).start()
    with pytest.raises(KeyboardInterrupt):
        start(idle)
    assert daemon.is_running()
    Timer(0.5, daemon.resume).start()
    start(idle)

    after = supervisor.processes().values()
    assert {process.name for process in after if process.is_started} == {
        each.name for each in SERVICES
    }
    assert daemon.pid not in {process.pid for process in after}

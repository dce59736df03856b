"""Talking to the supervisor that runs the programs of one stack."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil  # type: ignore[import-untyped]
from supervisor.xmlrpc import (  # type: ignore[import-untyped]
    Faults,
    SupervisorTransport,
)

from mpp_local.configuration import (
    MARKER,
    SERVICES_GROUP,
    STOP_SECONDS,
    program_environment,
    render_configuration,
)
from mpp_local.project import served_code
from mpp_local.stack import Stack, write_private
from mpp_local.wheels import python_module

SHUTDOWN_SECONDS = 90
TERMINATION_SECONDS = 10
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """A program as the supervisor sees it."""

    name: str
    group: str
    state: str
    """STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN."""
    pid: int
    """0 when it does not run."""
    uptime_seconds: float
    trouble: str

    @property
    def is_started(self) -> bool:
        return self.state in {"STARTING", "RUNNING", "BACKOFF"}


class Supervisor:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._configuration_file = stack.run / "supervisord.conf"
        self._pid_file = stack.run / "supervisord.pid"
        self._served_file = stack.run / "served"

    def is_current(self) -> bool:
        """Whether the configuration it runs with is the one the stack needs now."""
        try:
            return self._configuration_file.read_text() == render_configuration(self._stack)
        except FileNotFoundError:
            return False

    def has_current_services(self) -> bool:
        """Whether the services were started with the code that is there now."""
        try:
            return self._served_file.read_text() == served_code()
        except FileNotFoundError:
            return False

    def stop_services(self) -> None:
        """They are started with the code that is there by then."""
        self._remote().stopProcessGroup(SERVICES_GROUP)
        write_private(self._served_file, served_code())

    def launch(self) -> None:
        """Start the supervisor in the background, with no program started yet."""
        self._stack.create_folders()
        write_private(self._served_file, served_code())
        write_private(self._configuration_file, render_configuration(self._stack))
        command = python_module(
            "supervisor.supervisord", "--configuration", str(self._configuration_file)
        )
        # What it says about its configuration can quote the whole environment: kept private.
        output = self._stack.run / "supervisord.out"
        with output.open("w") as file:
            done = subprocess.run(  # noqa: S603
                command,
                env={**os.environ, **program_environment(self._stack)},
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"the supervisor did not start: {output} says why")

    def shutdown(self) -> None:
        """Stop every program, then the supervisor, then anything that outlived them.

        One that is stopping already, because a command before was interrupted, is waited for.
        """
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            supervisor = psutil.Process(int(self._pid_file.read_text()))
            with _unless_stopping():
                self._remote().shutdown()
            await_end([supervisor], SHUTDOWN_SECONDS)
        self._end_leftovers()

    def start(self, process: Process) -> None:
        try:
            self._remote().startProcess(f"{process.group}:{process.name}", False)
        except Fault as fault:
            # A program that dies at once is restarted, and reported when that does not help.
            if fault.faultCode not in {Faults.ALREADY_STARTED, Faults.SPAWN_ERROR}:
                raise

    def processes(self) -> dict[str, Process]:
        """Every program by name; none when the supervisor does not run, or is stopping."""
        rows: list[dict[str, Any]] = []
        with contextlib.suppress(OSError), _unless_stopping():
            rows = self._remote().getAllProcessInfo()
        return {
            row["name"]: Process(
                name=row["name"],
                group=row["group"],
                state=row["statename"],
                pid=row["pid"],
                uptime_seconds=max(0, row["now"] - row["start"]) if row["pid"] else 0,
                trouble=row["spawnerr"],
            )
            for row in rows
        }

    def settled_processes(self) -> dict[str, Process]:
        """`processes`, when none is stopping any more because of an interrupted command.

        Until then one holds its port, and supervisor ignores that it is to start.
        """
        deadline = time.monotonic() + STOP_SECONDS + TERMINATION_SECONDS
        while True:
            processes = self.processes()
            is_settled = all(process.state != "STOPPING" for process in processes.values())
            if is_settled or time.monotonic() > deadline:
                return processes
            time.sleep(POLL_SECONDS)

    def _end_leftovers(self) -> None:
        """End every process that carries this stack's mark in its environment.

        They outlive a supervisor that was killed, and hold ports and locks.
        """
        leftovers = [p for p in psutil.process_iter() if p.pid != os.getpid() and self._is_ours(p)]
        for process in leftovers:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        stubborn = await_end(leftovers, TERMINATION_SECONDS)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await_end(stubborn, TERMINATION_SECONDS)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            environment: dict[str, str] = process.environ()
        except (psutil.Error, OSError):
            return False
        return environment.get(MARKER) == str(self._stack.home)

    def _remote(self) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._stack.control_socket}")
        return ServerProxy("http://localhost", transport=transport).supervisor


@contextlib.contextmanager
def _unless_stopping() -> Iterator[None]:
    """A supervisor that is stopping refuses every request, until it is gone."""
    try:
        yield
    except Fault as fault:
        if fault.faultCode != Faults.SHUTDOWN_STATE:
            raise


def await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until the processes have ended. Returns those that have not by then.

    A zombie has ended: the first process of a container may never collect it.
    """
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if _is_alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        alive = [process for process in alive if _is_alive(process)]
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

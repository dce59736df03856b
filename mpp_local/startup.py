"""Bringing a stack up: start what is not running, wait until all of it answers."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

from mpp_local.api_access import ensure_local_key
from mpp_local.component import Component, NotReady
from mpp_local.engines import chosen_milvus, engines_of
from mpp_local.environment import environment_of
from mpp_local.external import declared_external
from mpp_local.locks import Tell
from mpp_local.ports import taking_ports
from mpp_local.services import SERVICES, SERVICES_IN_ORDER
from mpp_local.services.dagster import prepare_instance
from mpp_local.stack import Stack
from mpp_local.supervision import Process, Supervisor

LOCAL_DEADLINE_SECONDS = 180
EXTERNAL_DEADLINE_SECONDS = 20
POLL_SECONDS = 0.2
LAST_LOG_LINES = 15


class StartFailed(Exception):
    """A component did not become ready. The message says which, why, and what to do."""


@dataclass(frozen=True)
class Progress:
    component: Component
    state: str
    """`starting`, `ready` or `failed`."""
    elapsed_seconds: float


Report = Callable[[Progress], None]


def start_stack(stack: Stack, report: Report, tell: Tell, *, only_stores: bool = False) -> None:
    """Start the engines, then the services on top of them.

    What runs already is left alone, unless an address must change (the environment names
    other external engines, a port was taken meanwhile) or a package did: then everything
    restarts with the new ones, services that ran too when `only_stores` are asked for.
    Services whose code has changed restart alone. The stack is `locked` meanwhile. Raises
    `StartFailed`.
    """
    with taking_ports(tell):
        supervisor = Supervisor(stack)
        processes = supervisor.settled_processes()
        services = () if only_stores else SERVICES
        started = [service for service in SERVICES if _is_started(service, processes)]
        if services or started:
            ensure_local_key(stack)
        stack.milvus = chosen_milvus(stack, os.environ)
        engines = engines_of(stack)
        if _make_current(stack, supervisor, processes, (*engines, *services)):
            services = services or tuple(started)
        _start_phase(stack, supervisor, engines, report)
        prepare_instance(stack)
        for group in SERVICES_IN_ORDER:
            if wanted := [service for service in group if service in services]:
                _start_phase(stack, supervisor, wanted, report)


def stop_stack(stack: Stack, tell: Tell) -> None:
    """The stack is `locked` meanwhile."""
    tell("stopping …")
    Supervisor(stack).shutdown()


def _make_current(
    stack: Stack,
    supervisor: Supervisor,
    processes: Mapping[str, Process],
    wanted: Sequence[Component],
) -> bool:
    """Give the supervisor the configuration that the environment and free ports ask for.

    Returns whether it was started anew for that, with no program started yet.
    """
    engines = engines_of(stack)
    stack.external = declared_external(stack, engines, os.environ)
    if not processes:
        supervisor.shutdown()  # it may be stopping, or have been killed
    for component in (*engines, *SERVICES):
        if component.name not in stack.external:
            starts = component in wanted and not _is_started(component, processes)
            stack.assign_ports(component.default_ports, must_be_free=starts)
    environment_of(stack)  # generates the passwords that are not there yet
    stack.save()
    if not processes or not supervisor.is_current():
        supervisor.shutdown()
        supervisor.launch()
        return True
    if set(SERVICES) & set(wanted) and not supervisor.has_current_services():
        supervisor.stop_services()
    return False


def _is_started(component: Component, processes: Mapping[str, Process]) -> bool:
    process = processes.get(component.name)
    return process is not None and process.is_started


def _start_phase(
    stack: Stack, supervisor: Supervisor, components: Sequence[Component], report: Report
) -> None:
    processes = supervisor.processes()
    for component in components:
        if component.name in stack.external:
            continue
        process = processes[component.name]
        if not process.is_started:
            report(Progress(component, "starting", 0))
            component.prepare(stack)
            supervisor.start(process)
    abandoned = Event()
    with ThreadPoolExecutor(len(components)) as pool:
        try:
            waiting = [
                pool.submit(_await_ready, stack, supervisor, component, report, abandoned)
                for component in components
            ]
            wait(waiting, return_when=FIRST_EXCEPTION)
        finally:
            abandoned.set()
    for future in waiting:
        future.result()


def _await_ready(
    stack: Stack, supervisor: Supervisor, component: Component, report: Report, abandoned: Event
) -> None:
    """Return when the component answers, or when nobody waits for it any more (`abandoned`)."""
    external = component.name in stack.external
    deadline = EXTERNAL_DEADLINE_SECONDS if external else LOCAL_DEADLINE_SECONDS
    environment = environment_of(stack)
    started = time.monotonic()
    while True:
        process = None if external else supervisor.processes().get(component.name)
        reason = _reason_not_ready(component, process, environment, external=external)
        elapsed = time.monotonic() - started
        if reason is None:
            report(Progress(component, "ready", elapsed))
            return
        gave_up = not external and (process is None or process.state == "FATAL")
        if gave_up or elapsed > deadline:
            report(Progress(component, "failed", elapsed))
            raise StartFailed(_explanation(stack, component, reason, environment))
        report(Progress(component, "starting", elapsed))
        if abandoned.wait(POLL_SECONDS):
            return


def _reason_not_ready(
    component: Component, process: Process | None, environment: dict[str, str], *, external: bool
) -> str | None:
    if not external:
        if process is None:
            return "the supervisor has ended"
        if process.state not in {"STARTING", "RUNNING"}:
            return process.trouble or f"the process is {process.state}"
    try:
        component.probe(environment)
    except NotReady as error:
        return str(error)
    return None


def _explanation(
    stack: Stack, component: Component, reason: str, environment: dict[str, str]
) -> str:
    if component.name in stack.external:
        return (
            f"{component.name} at {component.address(environment)} does not answer: {reason}\n"
            f"Check the server and its MPP_* address, or unset the address to run "
            f"{component.product} here."
        )
    log = stack.log(component.name)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(
        [
            f"{component.name} ({component.product}) did not become ready: {reason}",
            f"Last lines of {log}:",
            *(f"  {line}" for line in lines[-LAST_LOG_LINES:]),
            f"Correct the cause and run `mpp up` again; `mpp logs {component.name}` shows "
            "the whole log, `mpp reset` starts over with empty stores.",
        ]
    )

"""Supervisor's configuration, written from the stack's programs."""

import os
import shlex
from collections.abc import Iterable, Mapping

from mpp_local.component import Component
from mpp_local.engines import ENGINES
from mpp_local.environment import environment_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack

STORES_GROUP = "stores"
SERVICES_GROUP = "services"
MARKER = "MPP_SUPERVISED_HOME"
"""In the environment of every supervised program and its descendants: the stack's home."""

STEADY_SECONDS = 20
RETRIES = 3
"""A program that dies younger than `STEADY_SECONDS`, and then at each of `RETRIES` new
starts, counts as failed and is left alone. Any other death is followed by a new start."""

SUPERVISOR = """\
[supervisord]
logfile={run}/supervisord.log
pidfile={run}/supervisord.pid
childlogdir={run}
umask=077
{user}
[unix_http_server]
file={socket}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command={command}
directory={folder}
environment={environment}
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
redirect_stderr=true
autostart=false
autorestart=true
startsecs={steady_seconds}
startretries={retries}
stopsignal={stop_signal}
stopwaitsecs=20
stopasgroup=true
killasgroup=true
"""

GROUP = """
[group:{name}]
programs={programs}
priority={priority}
"""


def local_engines(stack: Stack) -> list[Component]:
    """The engines that this stack runs itself."""
    return [engine for engine in ENGINES if engine.name not in stack.external]


def render_configuration(stack: Stack) -> str:
    """The whole file. It holds passwords: keep it private.

    Groups stop in the reverse order of their priority, so the services go first.
    """
    engines, services = local_engines(stack), list(SERVICES)
    text = SUPERVISOR.format(
        run=_escaped(stack.run),
        socket=_escaped(stack.control_socket),
        user="user=root\n" if os.geteuid() == 0 else "",
    )
    for engine in engines:
        text += _program(stack, engine, {})
    for service in services:
        text += _program(stack, service, environment_of(stack))
    for priority, (name, members) in enumerate(
        {STORES_GROUP: engines, SERVICES_GROUP: services}.items()
    ):
        if members:
            programs = ",".join(member.name for member in members)
            text += GROUP.format(name=name, programs=programs, priority=priority)
    return text


def _program(stack: Stack, component: Component, environment: Mapping[str, str]) -> str:
    program = component.program(stack)
    everything = {
        "PYTHONUNBUFFERED": "1",
        **program.environment,
        **environment,
        MARKER: str(stack.home),
    }
    return PROGRAM.format(
        name=component.name,
        command=_escaped(shlex.join(program.command)),
        folder=_escaped(program.folder),
        environment=_escaped(",".join(_assignments(everything))),
        log=_escaped(stack.log(component.name)),
        stop_signal=program.stop_signal,
        steady_seconds=STEADY_SECONDS,
        retries=RETRIES,
    )


def _assignments(environment: Mapping[str, str]) -> Iterable[str]:
    for name, value in environment.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        yield f'{name}="{quoted}"'


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")

"""Supervisor's configuration, written from the stack's programs."""

import hashlib
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence

from mpp_local.api_access import keys_file
from mpp_local.component import Component
from mpp_local.engines import engines_of
from mpp_local.environment import environment_of
from mpp_local.project import PROJECT_ROOT
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.wheels import installed_packages

STORES_GROUP = "stores"
SERVICES_GROUP = "services"
MARKER = "MPP_SUPERVISED_HOME"
"""In the environment of every supervised program and its descendants: the stack's home."""

STEADY_SECONDS = 20
RETRIES = 3
"""A program that dies younger than `STEADY_SECONDS`, and then at each of `RETRIES` new
starts, counts as failed and is left alone. Any other death is followed by a new start."""
STOP_SECONDS = 20
"""Within which a program ends when it is asked to; then it is killed."""

SUPERVISOR = """\
[supervisord]
identifier={identifier}
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
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
redirect_stderr=true
autostart=false
autorestart=true
startsecs={steady_seconds}
startretries={retries}
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
stopasgroup=true
killasgroup=true
"""

GROUP = """
[group:{name}]
programs={programs}
priority={priority}
"""

COMMENT = re.compile(r"\s[#;]")
"""What begins one anywhere in a line of the file, which knows no way to quote it."""


def local_engines(stack: Stack) -> list[Component]:
    """The engines that this stack runs itself."""
    return [engine for engine in engines_of(stack) if engine.name not in stack.external]


def program_environment(stack: Stack) -> dict[str, str]:
    """What every program of the stack finds in its environment.

    The supervisor is started with it and hands it on. Its configuration file could not
    quote every address. The API's key is for its callers, and no program is one.
    """
    environment = {**environment_of(stack), "PYTHONUNBUFFERED": "1", MARKER: str(stack.home)}
    environment.pop("MPP_API_KEY", None)
    # The one that has this stack's own key: another file is a reason to restart.
    environment["MPP_API_KEYS_FILE"] = str(keys_file(stack.home))
    # People read these logs. A service elsewhere is asked for JSON by its own environment.
    environment["MPP_API_LOG_FORMAT"] = os.environ.get("MPP_API_LOG_FORMAT", "text")
    return environment


def render_configuration(stack: Stack) -> str:
    """The whole file.

    It changes whenever the environment or an installed package does: it carries their
    digest. Groups stop in the reverse order of their priority, so the services go first.
    Raises `RuntimeError` when a folder's name would end a line of it.
    """
    for folder in (stack.home, PROJECT_ROOT):
        if begin := COMMENT.search(str(folder)):
            raise RuntimeError(
                f"{folder}: choose a folder without {begin[0]!r} in its path, "
                "behind which supervisor reads nothing"
            )
    engines, services = local_engines(stack), list(SERVICES)
    text = SUPERVISOR.format(
        run=_escaped(stack.run),
        socket=_escaped(stack.control_socket),
        identifier=_digest(program_environment(stack), installed_packages()),
        user="user=root\n" if os.geteuid() == 0 else "",
    )
    for component in (*engines, *services):
        text += _program(stack, component)
    for priority, (name, members) in enumerate(
        {STORES_GROUP: engines, SERVICES_GROUP: services}.items()
    ):
        if members:
            programs = ",".join(member.name for member in members)
            text += GROUP.format(name=name, programs=programs, priority=priority)
    return text


def _program(stack: Stack, component: Component) -> str:
    program = component.program(stack)
    return PROGRAM.format(
        name=component.name,
        command=_escaped(shlex.join(program.command)),
        folder=_escaped(program.folder),
        log=_escaped(_escaped(stack.log(component.name))),  # supervisor expands this one twice
        stop_signal=program.stop_signal,
        steady_seconds=STEADY_SECONDS,
        retries=RETRIES,
        stop_seconds=STOP_SECONDS,
    )


def _digest(environment: Mapping[str, str], packages: Sequence[str]) -> str:
    text = json.dumps([environment, packages], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")

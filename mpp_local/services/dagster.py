"""Dagster's web server and daemon, on the instance that `dagster.yaml` describes."""

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from mpp_local.addresses import without_credentials
from mpp_local.component import Component, NotReady, Program
from mpp_local.engines.postgres import for_psycopg
from mpp_local.environment import environment_of
from mpp_local.ports import LOOPBACK
from mpp_local.project import PROJECT_ROOT
from mpp_local.services.code_server import workspace_file
from mpp_local.services.http import ask
from mpp_local.stack import Stack
from mpp_local.wheels import python_module

if TYPE_CHECKING:
    import psycopg

DAEMON_HEALTH = (
    "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
)


class DagsterWebserver(Component):
    name = "dagster-webserver"
    product = "Dagster UI"
    default_ports: ClassVar[Mapping[str, int]] = {"dagster-webserver": 3000}

    def prepare(self, stack: Stack) -> None:
        """Nothing: `prepare_instance` did it."""

    def program(self, stack: Stack) -> Program:
        command = python_module(
            "dagster_webserver",
            *("--host", LOOPBACK, "--port", str(stack.ports[self.name])),
            *("--workspace", str(workspace_file(stack))),
        )
        return Program(command, PROJECT_ROOT)

    def address(self, environment: Mapping[str, str]) -> str:
        return environment["MPP_DAGSTER_URL"]

    def probe(self, environment: Mapping[str, str]) -> None:
        answer = _graphql(environment, "{ version }")
        if not answer.get("version"):
            raise NotReady(f"the Dagster UI names no version: {answer}")


class DagsterDaemon(Component):
    """Dequeues runs, evaluates sensors, schedules and automation conditions."""

    name = "dagster-daemon"
    product = "Dagster daemon"
    default_ports: ClassVar[Mapping[str, int]] = {}

    def prepare(self, stack: Stack) -> None:
        """Forget the heartbeats of the previous daemon: Dagster trusts them for minutes.

        Raises `RuntimeError` when Dagster's database is not there.
        """
        with _connected(environment_of(stack)["MPP_DAGSTER_POSTGRES_URL"]) as connection:
            found = connection.execute("SELECT to_regclass('daemon_heartbeats')").fetchone()
            if found and found[0]:
                connection.execute("DELETE FROM daemon_heartbeats")

    def program(self, stack: Stack) -> Program:
        command = python_module("dagster._daemon", "run", "--workspace", str(workspace_file(stack)))
        return Program(command, PROJECT_ROOT)

    def address(self, environment: Mapping[str, str]) -> str:
        return ""

    def probe(self, environment: Mapping[str, str]) -> None:
        """The daemon listens nowhere; its heartbeats are read through the web server."""
        answer = _graphql(environment, DAEMON_HEALTH)
        daemons = answer["instance"]["daemonHealth"]["allDaemonStatuses"]
        silent = [d["daemonType"] for d in daemons if d["required"] and not d["healthy"]]
        if silent:
            raise NotReady(f"no heartbeat from {', '.join(silent)}")


def prepare_instance(stack: Stack) -> None:
    """Give Dagster its configuration and its database. Needs Postgres to answer; idempotent.

    Raises `RuntimeError` with what to do when the database is missing and may not be created,
    or the server does not answer.
    """
    import psycopg  # noqa: PLC0415 - the command line must not pay for it

    shutil.copyfile(PROJECT_ROOT / "dagster.yaml", stack.dagster_home / "dagster.yaml")
    environment = environment_of(stack)
    storage, data = environment["MPP_DAGSTER_POSTGRES_URL"], environment["MPP_POSTGRES_URL"]
    if _server(storage) != _server(data):
        return  # one of Dagster's own, set up by whoever named it
    name = urlsplit(storage).path.removeprefix("/")
    with _connected(data) as connection:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(known, [name]).fetchone():
            return
        try:
            connection.execute(
                psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise RuntimeError(
                f"Dagster's database {name!r} does not exist and this user may not create it: "
                "create it, or set MPP_DAGSTER_POSTGRES_URL"
            ) from error


def _server(url: str) -> str:
    return without_credentials(for_psycopg(url))


def _connected(url: str) -> "psycopg.Connection":
    """Each statement on its own. Raises `RuntimeError` where nobody may connect."""
    import psycopg  # noqa: PLC0415 - the command line must not pay for it

    url = for_psycopg(url)
    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise RuntimeError(
            f"PostgreSQL at {without_credentials(url)}: {str(error).strip()}\n"
            "Create the database, or correct MPP_DAGSTER_POSTGRES_URL"
        ) from error


def _graphql(environment: Mapping[str, str], query: str) -> Any:
    answer = ask(f"{environment['MPP_DAGSTER_URL']}/graphql", {"query": query})
    if answer.get("errors"):
        raise NotReady(str(answer["errors"]))
    return answer["data"]

"""The one process that imports the platform's Dagster definitions."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mpp_local.component import PROBE_TIMEOUT_SECONDS, Component, NotReady, Program
from mpp_local.ports import LOOPBACK
from mpp_local.project import PROJECT_ROOT
from mpp_local.stack import Stack, write_private
from mpp_local.wheels import python_module

DEFINITIONS = "mpp_assets.definitions"
HEALTH_SERVICE = "DagsterApi"
WORKSPACE = """\
load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: {name}
"""


class DagsterCodeServer(Component):
    """Serves the definitions to the web server and the daemon, and starts runs.

    Each of the two would otherwise keep a copy of its own, and the daemon would replace
    its copy every minute to notice changed code. *Reload* in the UI still does.
    """

    name = "dagster-code-server"
    product = "Dagster code server"
    default_ports: ClassVar[Mapping[str, int]] = {"dagster-code-server": 4000}

    def prepare(self, stack: Stack) -> None:
        """Write the workspace through which the others find this server."""
        text = WORKSPACE.format(host=LOOPBACK, port=stack.ports[self.name], name=DEFINITIONS)
        write_private(workspace_file(stack), text)

    def program(self, stack: Stack) -> Program:
        command = python_module(
            "dagster",
            *("code-server", "start", "--module-name", DEFINITIONS),
            *("--host", LOOPBACK, "--port", str(stack.ports[self.name])),
            *("--location-name", DEFINITIONS, "--use-python-environment-entry-point"),
        )
        return Program(command, PROJECT_ROOT)

    def address(self, environment: Mapping[str, str]) -> str:
        return f"grpc://{environment['MPP_DAGSTER_CODE_SERVER']}"

    def probe(self, environment: Mapping[str, str]) -> None:
        """Ask by gRPC's health protocol; Dagster's own client takes seconds to import."""
        import grpc  # noqa: PLC0415 - the command line must not pay for it
        from grpc_health.v1 import (  # type: ignore[import-untyped]  # noqa: PLC0415
            health_pb2,
            health_pb2_grpc,
        )

        with grpc.insecure_channel(environment["MPP_DAGSTER_CODE_SERVER"]) as channel:
            try:
                answer = health_pb2_grpc.HealthStub(channel).Check(
                    health_pb2.HealthCheckRequest(service=HEALTH_SERVICE),
                    timeout=PROBE_TIMEOUT_SECONDS,
                )
            except grpc.RpcError as error:
                raise NotReady(str(error.details())) from error
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise NotReady("the definitions are not loaded")


def workspace_file(stack: Stack) -> Path:
    """The workspace of this stack's web server and daemon.

    Not the repository's `workspace.yaml`, which loads the same definitions without a
    server, for `dagster definitions validate` and `dagster dev`.
    """
    return stack.run / "workspace.yaml"

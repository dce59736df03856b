"""The recommendation API under uvicorn."""

from collections.abc import Mapping
from typing import ClassVar

from mpp_local.component import Component, Program
from mpp_local.ports import LOOPBACK
from mpp_local.project import PROJECT_ROOT
from mpp_local.services.http import ask
from mpp_local.stack import Stack
from mpp_local.wheels import python_module


class Api(Component):
    name = "api"
    product = "mpp_api on uvicorn"
    default_ports: ClassVar[Mapping[str, int]] = {"api": 8000}

    def prepare(self, stack: Stack) -> None:
        """Nothing: the API keeps no files."""

    def program(self, stack: Stack) -> Program:
        return Program(command(stack.ports["api"]), PROJECT_ROOT)

    def address(self, environment: Mapping[str, str]) -> str:
        return environment["MPP_API_URL"]

    def probe(self, environment: Mapping[str, str]) -> None:
        ask(f"{environment['MPP_API_URL']}/health")


def command(port: int) -> list[str]:
    return python_module("mpp_api", "--host", LOOPBACK, "--port", str(port))

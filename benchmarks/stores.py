"""Stores to measure on: a stack of their own, in a temporary folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.stacks import running_stack, without_addresses


@contextmanager
def running_stores() -> Iterator[Path]:
    """The home of a running stack of stores, whose addresses are in the environment."""
    with TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        home = Path(folder)
        with without_addresses(home), running_stack(home, "--only", "stores"):
            yield home

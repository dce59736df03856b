"""A stack to measure on: one of its own, in a temporary folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.stacks import running_stack, without_addresses

STORES = ("--only", "stores")


@contextmanager
def own_stack(*options: str) -> Iterator[Path]:
    """The home of a running stack, whose addresses are in the environment. `options` are those of
    `mpp up`."""
    with TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        home = Path(folder)
        with without_addresses(home), running_stack(home, *options):
            yield home

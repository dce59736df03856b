"""Stores to measure on: a stack of their own, in a temporary folder."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpp_local.environment import stack_environment

MPP = Path(sys.executable).with_name("mpp")


@contextmanager
def running_stores() -> Iterator[Path]:
    """The home of a running stack of stores, whose addresses are in the environment."""
    with tempfile.TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        home = Path(folder)
        os.environ["MPP_HOME"] = folder
        subprocess.run([MPP, "up", "--only", "stores"], check=True, capture_output=True)
        os.environ.update(stack_environment(home))
        try:
            yield home
        finally:
            subprocess.run([MPP, "down"], check=True, capture_output=True)
            for name in [name for name in os.environ if name.startswith("MPP_")]:
                del os.environ[name]

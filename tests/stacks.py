"""Stacks that tests run on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from mpp_local.engines import engines_of
from mpp_local.environment import stack_environment
from mpp_local.stack import Stack

MPP = Path(sys.executable).with_name("mpp")
STDERR = 2
"""A benchmark's standard output is its figures."""


@contextmanager
def running_stack(home: Path, *options: str, **variables: str) -> Iterator[dict[str, str]]:
    """A stack in `home`, its addresses in the environment. `options` are those of `mpp up`,
    `variables` are in its environment.

    Where addresses are set already, it uses those stores and starts the others.
    """
    with patch.dict(os.environ, {"MPP_HOME": str(home), **variables}):
        try:
            subprocess.run([MPP, "up", *options], check=True, stdout=STDERR)
            environment = stack_environment(home)
            os.environ.update(environment)
            yield environment
        finally:
            subprocess.run([MPP, "down"], check=True, stdout=STDERR)


@contextmanager
def without_addresses(home: Path) -> Iterator[None]:
    """A stack that starts meanwhile in `home` has engines of its own."""
    with patch.dict(os.environ):
        for setting in address_settings(home):
            os.environ.pop(setting, None)
        yield


def address_settings(home: Path) -> set[str]:
    """The variables by which a stack in `home` would use engines that are not its own."""
    return {setting for engine in engines_of(Stack(home)) for setting in engine.settings}

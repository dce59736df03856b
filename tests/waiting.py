"""Waiting for what nobody tells."""

import time
from collections.abc import Callable

LONGEST_WAIT_SECONDS = 600.0
"""Many times what anything takes: a machine can be slow."""


def wait_until(holds: Callable[[], bool], *, every: float = 0.1) -> None:
    """Ask `holds` every so many seconds until it is true."""
    give_up = time.monotonic() + LONGEST_WAIT_SECONDS
    while not holds():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{holds.__qualname__} is false after {LONGEST_WAIT_SECONDS:.0f} s")
        time.sleep(every)

"""Locks between processes. Whoever has to wait for one is told so."""

import fcntl
from collections.abc import Callable
from typing import IO

Tell = Callable[[str], None]


def lock(file: IO[str], tell: Tell, holder: str) -> None:
    """Until the file is closed. Waits for the `holder`, saying so first."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(f"waiting for {holder}")
        fcntl.flock(file, fcntl.LOCK_EX)

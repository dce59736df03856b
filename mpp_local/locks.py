"""Locks between processes. Whoever has to wait for one is told so."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

Tell = Callable[[str], None]


def lock(file: IO[str], tell: Tell, holder: str) -> None:
    """Until the file is closed. Waits for the `holder`, saying so first."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(f"waiting for {holder}")
        fcntl.flock(file, fcntl.LOCK_EX)


def is_at(path: Path, file: IO[str]) -> bool:
    """Whether the open file is still the one at the path: a lock on a deleted one keeps nobody."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False

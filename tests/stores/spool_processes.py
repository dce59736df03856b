"""Work on a spool that a test starts in processes of its own, as those of the API would."""

import os
import signal
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from mpp_stores.spool import Spool, land_due


def append_each(landing: Path, records: list[dict[str, Any]], landed: Event) -> None:
    """One at a time, as requests would; a batch has landed before the second."""
    spool = Spool(landing)
    for record in records:
        spool.append([record])
        assert landed.wait(60)


def land_all_until(landing: Path, done: Event, landed: Event) -> None:
    while not done.is_set():
        if land_due(landing, age=timedelta(0)):
            landed.set()


def append_and_be_killed_while_appending(
    landing: Path, kept: list[dict[str, Any]], lost: list[dict[str, Any]], answered: Connection
) -> None:
    spool = Spool(landing)
    answered.send(spool.append(kept))
    write = os.write

    def write_half(descriptor: int, data: memoryview) -> int:
        written = write(descriptor, data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        return written

    os.write = write_half  # type: ignore[assignment]
    spool.append(lost)


def append_and_be_killed_while_landing(
    landing: Path, kept: list[dict[str, Any]], answered: Connection
) -> None:
    spool = Spool(landing)
    answered.send(spool.append(kept))
    os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    spool.close()

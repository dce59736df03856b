"""The spool of one process: appended to and landed by a thread of its own."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from mpp_api.deadline import within
from mpp_stores.errors import StoreError
from mpp_stores.spool import STORE, Spool, land_due

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""Between two looks for files that are due."""

CLOSING_SECONDS: Final = 5.0

T = TypeVar("T")


class EventSpool:
    """One thread, since one file takes one append at a time; the disk blocks no request but
    those that wait for it."""

    def __init__(self, landing: Path, *, rotate_seconds: float, timeout_seconds: float) -> None:
        self._landing = landing
        self._rotate_after = timedelta(seconds=rotate_seconds)
        self._timeout_seconds = timeout_seconds
        self._spool = Spool(landing)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mpp-events")
        self._is_failing = False

    async def keep(self, records: Sequence[Mapping[str, Any]]) -> str:
        """The name of the batch that will hold them; they are on disk.

        Raises `StoreUnavailable`. After a disk that was too slow the events may be kept all
        the same, and sending them again does no harm.
        """
        return await within(
            self._timeout_seconds,
            STORE,
            "keep events",
            self._in_thread(lambda: self._spool.append(records)),
        )

    async def land_forever(self) -> None:
        """Land what is due, what other processes left behind included."""
        look_seconds = min(LOOK_SECONDS, self._rotate_after.total_seconds())
        while True:
            try:
                landed = await self._in_thread(
                    lambda: land_due(self._landing, age=self._rotate_after)
                )
            except StoreError as error:
                if not self._is_failing:
                    logger.warning("events stay where they are: %s", error)
                self._is_failing = True
            else:
                self._is_failing = False
                if landed:
                    logger.info("landed %s", ", ".join(landed))
            await asyncio.sleep(look_seconds)

    async def close(self) -> None:
        """Land this process's events; where that fails, any process does later."""
        try:
            await within(CLOSING_SECONDS, STORE, "land events", self._in_thread(self._spool.close))
        except StoreError as error:
            logger.warning("events stay where they are: %s", error)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)


@contextlib.asynccontextmanager
async def open_event_spool(
    landing: Path, *, rotate_seconds: float, timeout_seconds: float
) -> AsyncIterator[EventSpool]:
    spool = EventSpool(landing, rotate_seconds=rotate_seconds, timeout_seconds=timeout_seconds)
    landing_what_is_due = asyncio.create_task(spool.land_forever())
    try:
        yield spool
    finally:
        landing_what_is_due.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await landing_what_is_due
        await spool.close()

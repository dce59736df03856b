"""What replies showed, written behind them: a reply neither waits for nor fails by its log."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

from mpp_api.metrics.service import Metrics
from mpp_api.releases.watch import ReleaseWatch
from mpp_stores.errors import StoreError
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.records import Exposure

logger = logging.getLogger(__name__)

QUEUE_LENGTH: Final = 10_000
"""Replies that wait at most: those of minutes without Postgres, in a few megabytes."""

REPLIES_A_BATCH: Final = 500
FLUSH_SECONDS: Final = 0.5
"""How long replies are collected before they are written together."""

RETRY_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 2.0
"""How long a stop of the service waits for what is left to be written."""


class ExposureLog:
    """While Postgres does not answer, replies wait in a queue; those that find it full are not
    logged, and counted. What concerns a user who was erased meanwhile is not written."""

    def __init__(
        self,
        store: FeedbackStore,
        releases: ReleaseWatch,
        metrics: Metrics,
        queue_length: int,
    ) -> None:
        self._store = store
        self._releases = releases
        self._metrics = metrics
        self._queue_length = queue_length
        self._waiting: deque[Exposure] = deque()
        self._is_waiting = asyncio.Event()
        self._is_failing = False

    def note(self, exposure: Exposure) -> None:
        """Never blocks and never raises. A reply without campaigns showed nothing."""
        if not exposure.campaign_ids:
            return
        if len(self._waiting) >= self._queue_length:
            self._metrics.count_exposures("dropped", 1)
            return
        self._waiting.append(exposure)
        self._is_waiting.set()

    async def write_forever(self) -> None:
        while True:
            await self._is_waiting.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            while self._waiting:
                if not await self._write_some():
                    await asyncio.sleep(RETRY_SECONDS)
                elif len(self._waiting) < REPLIES_A_BATCH:
                    # Else a busy service would write its replies two by two.
                    await asyncio.sleep(FLUSH_SECONDS)
            self._is_waiting.clear()

    async def close(self) -> None:
        """Write what waits; what cannot be written in time is counted as dropped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                while self._waiting and await self._write_some():
                    pass
        if self._waiting:
            logger.warning("%d exposures were not written", len(self._waiting))
            self._metrics.count_exposures("dropped", len(self._waiting))
            self._waiting.clear()

    async def _write_some(self) -> bool:
        """Whether to go on at once. What was taken is put back unless Postgres has it or refuses
        it, and can be there twice to no harm."""
        taken = [self._waiting.popleft() for _ in range(min(REPLIES_A_BATCH, len(self._waiting)))]
        is_settled = False
        try:
            outcome = await self._write(taken)
            is_settled = outcome is not None
        finally:
            if not is_settled:
                self._waiting.extendleft(reversed(taken))
        if outcome:
            self._metrics.count_exposures(outcome, len(taken))
        return is_settled

    async def _write(self, exposures: Sequence[Exposure]) -> str | None:
        """What became of them; None when trying again can help."""
        served = await self._releases.served_if_any()
        allowed = [
            exposure
            for exposure in exposures
            if exposure.user_id is None
            or served is None
            or not served.erased.includes(exposure.user_id)
        ]
        try:
            if allowed:
                await self._store.add_exposures(allowed)
        except StoreError as error:
            if not self._is_failing:
                logger.warning("exposures wait or are lost: %s", error)
            self._is_failing = True
            return None if error.retryable else "dropped"
        self._is_failing = False
        return "stored"


@contextlib.asynccontextmanager
async def open_exposure_log(
    store: FeedbackStore,
    releases: ReleaseWatch,
    metrics: Metrics,
    *,
    queue_length: int = QUEUE_LENGTH,
) -> AsyncIterator[ExposureLog]:
    log = ExposureLog(store, releases, metrics, queue_length)
    writing = asyncio.create_task(log.write_forever())
    try:
        yield log
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await log.close()

"""Which release is served: asked of Postgres about once a second, not once a request."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic

from mpp_api.deadline import within
from mpp_api.errors import NoRelease
from mpp_stores.errors import StoreError
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import Release

logger = logging.getLogger(__name__)


class ReleaseState(StrEnum):
    CURRENT = "current"
    LAST_KNOWN = "last-known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServedRelease:
    """`release` is None exactly when `state` is UNKNOWN: Postgres is down and never answered."""

    release: Release | None
    state: ReleaseState

    def age_seconds(self, at: datetime | None = None) -> float | None:
        if self.release is None:
            return None
        return ((at or datetime.now(UTC)) - self.release.published_at).total_seconds()


class ReleaseWatch:
    """Remembers the current release for `recheck_seconds`.

    A failed look is remembered for as long, and while one request looks again the
    others are served what is remembered: a dead Postgres delays one request at a
    time, not each of them. Until it is back, the last known release is served
    and marked.
    """

    def __init__(
        self, tables: TableReader, *, recheck_seconds: float, timeout_seconds: float
    ) -> None:
        self._tables = tables
        self._recheck_seconds = recheck_seconds
        self._timeout_seconds = timeout_seconds
        self._looking = asyncio.Lock()
        self._looked_at: float | None = None
        self._release: Release | None = None
        self._answered = False

    async def served(self) -> ServedRelease:
        """Raises `NoRelease` when Postgres answers that nothing was published."""
        someone_looks_again = self._looking.locked() and self._looked_at is not None
        if self._is_due() and not someone_looks_again:
            async with self._looking:
                if self._is_due():
                    await self._look()
        if self._answered and self._release is None:
            raise NoRelease
        if self._answered:
            return ServedRelease(self._release, ReleaseState.CURRENT)
        if self._release is not None:
            return ServedRelease(self._release, ReleaseState.LAST_KNOWN)
        return ServedRelease(None, ReleaseState.UNKNOWN)

    def _is_due(self) -> bool:
        return self._looked_at is None or monotonic() - self._looked_at >= self._recheck_seconds

    async def _look(self) -> None:
        try:
            self._release = await within(
                self._timeout_seconds,
                "postgres",
                "read the current release",
                self._tables.current_release(),
            )
            self._answered = True
        except StoreError as error:
            logger.warning("%s", error)
            self._answered = False
        self._looked_at = monotonic()

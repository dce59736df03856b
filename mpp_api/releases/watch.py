"""Which release is served: asked of Postgres about once a second, not once a request."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

from mpp_api.deadline import Deadline, within
from mpp_api.errors import NoRelease, ReleaseUnknown
from mpp_api.releases.catalog import Catalog
from mpp_api.releases.served import Contents, ServedRelease, ranking_of
from mpp_api.releases.state import ReleaseState
from mpp_api.resilience.guards import Guards
from mpp_stores.errors import StoreError
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.postgres.reader import TableReader
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import CampaignPerformance, Release

logger = logging.getLogger(__name__)

LOOK_SHARE: Final = 1 / 3
"""Of its time, how much a request waits for a look when it could be served what is known."""


@dataclass(frozen=True, slots=True)
class _Published:
    release: Release
    ranking: RankingConfiguration
    contents: Contents
    catalog: Catalog
    performances: Mapping[str, CampaignPerformance]
    erased: ErasedSubjects
    erasures_key: str


class ReleaseWatch:
    """Remembers the current release, its contents, its campaigns with their performance and the
    erased users for `recheck_seconds`.

    A failed look is remembered for as long, and while one request looks again the
    others are served what is remembered: a dead Postgres delays one request at a
    time, not each of them, and that one by `LOOK_SHARE` of its time. Until it is back,
    the last known release is served and marked.
    """

    def __init__(
        self,
        tables: TableReader,
        guards: Guards,
        *,
        recheck_seconds: float,
        timeout_seconds: float,
        stale_after: timedelta,
    ) -> None:
        self._tables = tables
        self._guards = guards
        self._recheck_seconds = recheck_seconds
        self._timeout_seconds = timeout_seconds
        self._stale_after = stale_after
        self._one_at_a_time = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._looked_at: float | None = None
        self._published: _Published | None = None
        self._answered = False

    async def served(self, deadline: Deadline | None = None) -> ServedRelease:
        """Raises `NoRelease` when Postgres answers that nothing was published, and
        `ReleaseUnknown` when it does not answer, at the latest at the deadline, and never did."""
        if self._is_due():
            await self._see(deadline or Deadline(self._timeout_seconds))
        published = self._published
        if published is None:
            raise NoRelease if self._answered else ReleaseUnknown
        return ServedRelease(
            release=published.release,
            ranking=published.ranking,
            contents=published.contents,
            catalog=published.catalog,
            performances=published.performances,
            erased=published.erased,
            erasures_key=published.erasures_key,
            state=ReleaseState.CURRENT if self._answered else ReleaseState.LAST_KNOWN,
            stale_after=self._stale_after,
        )

    async def served_if_any(self) -> ServedRelease | None:
        """For those who report on the service and can do without a release."""
        try:
            return await self.served()
        except (NoRelease, ReleaseUnknown):
            return None

    async def look_again(self) -> None:
        """Have every later request see what Postgres holds now. Raises `StoreError`."""
        async with self._one_at_a_time:
            await self._note(
                within(self._timeout_seconds, "postgres", "read the current release", self._read())
            )

    def _is_due(self) -> bool:
        return self._looked_at is None or monotonic() - self._looked_at >= self._recheck_seconds

    async def _see(self, deadline: Deadline) -> None:
        """Whoever finds that nobody looks does so, and waits; the look goes on by itself."""
        looking = self._looking
        someone_looks = looking is not None and not looking.done()
        if looking is None or not someone_looks:
            looking = self._looking = asyncio.create_task(self._look())
        if self._looked_at is None:
            seconds = deadline.left()
        elif someone_looks:
            return
        else:
            seconds = deadline.left() * LOOK_SHARE
        await asyncio.wait({looking}, timeout=seconds)
        if looking.done():
            looking.result()  # raises what nobody expected
        else:
            self._answered = False

    async def _look(self) -> None:
        async with self._one_at_a_time:
            try:
                await self._note(
                    self._guards.call(
                        "postgres",
                        "read the current release",
                        self._read,
                        Deadline(self._timeout_seconds),
                    )
                )
            except StoreError as error:
                logger.warning("%s", error)

    async def _note(self, reading: Awaitable[_Published | None]) -> None:
        answered = False
        try:
            self._published = await reading
            answered = True
        finally:
            self._answered = answered
            self._looked_at = monotonic()

    async def _read(self) -> _Published | None:
        release = await self._tables.current_release()
        if release is None:
            return None
        erased = await self._tables.erased_subjects()
        known = self._published
        if known is not None and known.release.release_id == release.release_id:
            contents, ranking, catalog = known.contents, known.ranking, known.catalog
            performances = known.performances
        else:
            ranking = ranking_of(release)
            numbers = await self._tables.contents(release.release_id)
            contents = Contents.of(release.release_id, numbers)
            catalog = Catalog(await self._tables.campaigns(materialization=contents.campaigns))
            rows = await self._tables.campaign_performances(
                materialization=contents.campaign_performance
            )
            performances = {row.campaign_id: row for row in rows}
        if known is not None and known.erased == erased:
            erasures_key = known.erasures_key
        else:
            erasures_key = _erasures_key(erased)
        return _Published(release, ranking, contents, catalog, performances, erased, erasures_key)


def _erasures_key(erased: ErasedSubjects) -> str:
    return hashlib.sha256("".join(sorted(erased.hashes)).encode()).hexdigest()

"""What is served, and how the service does."""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

from mpp_api.client.call import Answer, Call, Pages, get, path
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.health.schemas import HealthReply
from mpp_api.releases.schemas import (
    MaterializationReply,
    MaterializationsReply,
    ReleaseDetails,
    ReleasesReply,
)
from mpp_api.reports.schemas import ReportReply


def _releases(before: str | None, limit: int | None) -> Call[ReleasesReply]:
    return get("/releases", ReleasesReply, before=before, limit=limit)


def _every_release(page_size: int | None) -> Pages[ReleasesReply, ReleaseDetails]:
    return Pages(
        lambda cursor: _releases(cursor or None, page_size),
        lambda reply: reply.releases,
        lambda reply: reply.next_before,
    )


def _release(release_id: str) -> Call[ReleaseDetails]:
    return get(path("releases", release_id), ReleaseDetails)


def _materializations(
    release_id: str, asset: str | None, limit: int | None, cursor: str
) -> Call[MaterializationsReply]:
    where = path("releases", release_id, "materializations")
    return get(where, MaterializationsReply, asset=asset, limit=limit, cursor=cursor)


def _every_materialization(
    release_id: str, asset: str | None, page_size: int | None
) -> Pages[MaterializationsReply, MaterializationReply]:
    return Pages(
        lambda cursor: _materializations(release_id, asset, page_size, cursor),
        lambda reply: reply.materializations,
        lambda reply: reply.next_cursor,
    )


_CURRENT_RELEASE = get("/releases/current", ReleaseDetails)
_REPORT = get("/report", ReportReply)
_REPORT_PAGE = Call("GET", "/report.html", bytes.decode)
_METRICS = Call("GET", "/metrics", bytes.decode)
_HEALTH = Call(
    "GET",
    "/health",
    HealthReply.model_validate_json,
    answered_by=frozenset({HTTPStatus.SERVICE_UNAVAILABLE.value}),
)


class OperationMethods(Sender):
    def releases(
        self, *, before: str | None = None, limit: int | None = None
    ) -> Answer[ReleasesReply]:
        """Published last first; those published before the release `before`."""
        return self.send(_releases(before, limit))

    def every_release(self, *, page_size: int | None = None) -> Iterator[ReleaseDetails]:
        """The releases of all pages."""
        return self.iterate(_every_release(page_size))

    def current_release(self) -> Answer[ReleaseDetails]:
        """The one that requests are answered from."""
        return self.send(_CURRENT_RELEASE)

    def release(self, release_id: str) -> Answer[ReleaseDetails]:
        """Its counts, quality, ranking and model."""
        return self.send(_release(release_id))

    def materializations(
        self,
        release_id: str,
        *,
        asset: str | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[MaterializationsReply]:
        """What it serves of every asset and partition, and the runs that wrote it."""
        return self.send(_materializations(release_id, asset, limit, cursor))

    def every_materialization(
        self, release_id: str, *, asset: str | None = None, page_size: int | None = None
    ) -> Iterator[MaterializationReply]:
        """The materializations of all pages."""
        return self.iterate(_every_materialization(release_id, asset, page_size))

    def report(self) -> Answer[ReportReply]:
        """The analytics report of the release."""
        return self.send(_REPORT)

    def report_page(self) -> Answer[str]:
        """The same as an HTML page."""
        return self.send(_REPORT_PAGE)

    def health(self) -> Answer[HealthReply]:
        """Which stores answer. An answer too when the service is down."""
        return self.send(_HEALTH)

    def metrics(self) -> Answer[str]:
        """In Prometheus' text format."""
        return self.send(_METRICS)


class AsyncOperationMethods(AsyncSender):
    async def releases(
        self, *, before: str | None = None, limit: int | None = None
    ) -> Answer[ReleasesReply]:
        """Published last first; those published before the release `before`."""
        return await self.send(_releases(before, limit))

    def every_release(self, *, page_size: int | None = None) -> AsyncIterator[ReleaseDetails]:
        """The releases of all pages."""
        return self.iterate(_every_release(page_size))

    async def current_release(self) -> Answer[ReleaseDetails]:
        """The one that requests are answered from."""
        return await self.send(_CURRENT_RELEASE)

    async def release(self, release_id: str) -> Answer[ReleaseDetails]:
        """Its counts, quality, ranking and model."""
        return await self.send(_release(release_id))

    async def materializations(
        self,
        release_id: str,
        *,
        asset: str | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[MaterializationsReply]:
        """What it serves of every asset and partition, and the runs that wrote it."""
        return await self.send(_materializations(release_id, asset, limit, cursor))

    def every_materialization(
        self, release_id: str, *, asset: str | None = None, page_size: int | None = None
    ) -> AsyncIterator[MaterializationReply]:
        """The materializations of all pages."""
        return self.iterate(_every_materialization(release_id, asset, page_size))

    async def report(self) -> Answer[ReportReply]:
        """The analytics report of the release."""
        return await self.send(_REPORT)

    async def report_page(self) -> Answer[str]:
        """The same as an HTML page."""
        return await self.send(_REPORT_PAGE)

    async def health(self) -> Answer[HealthReply]:
        """Which stores answer. An answer too when the service is down."""
        return await self.send(_HEALTH)

    async def metrics(self) -> Answer[str]:
        """In Prometheus' text format."""
        return await self.send(_METRICS)

"""What is served, and how the service does."""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

from mpp_api.client.call import Answer, Call, Pages, get, path
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.health.schemas import HealthReply
from mpp_api.releases.schemas import ListedRelease, ReleaseDetailsReply, ReleasesReply
from mpp_api.reports.schemas import ReportReply


def _releases(before: str | None, limit: int | None) -> Call[ReleasesReply]:
    return get("/releases", ReleasesReply, before=before, limit=limit)


def _every_release(page_size: int | None) -> Pages[ReleasesReply, ListedRelease]:
    return Pages(
        lambda cursor: _releases(cursor or None, page_size),
        lambda reply: reply.releases,
        lambda reply: reply.next_before,
    )


def _release(release_id: str) -> Call[ReleaseDetailsReply]:
    return get(path("releases", release_id), ReleaseDetailsReply)


_CURRENT_RELEASE = get("/releases/current", ReleaseDetailsReply)
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

    def every_release(self, *, page_size: int | None = None) -> Iterator[ListedRelease]:
        """The releases of all pages."""
        return self.iterate(_every_release(page_size))

    def current_release(self) -> Answer[ReleaseDetailsReply]:
        """The one that requests are answered from."""
        return self.send(_CURRENT_RELEASE)

    def release(self, release_id: str) -> Answer[ReleaseDetailsReply]:
        """With all that it serves, and the runs that wrote it."""
        return self.send(_release(release_id))

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

    def every_release(self, *, page_size: int | None = None) -> AsyncIterator[ListedRelease]:
        """The releases of all pages."""
        return self.iterate(_every_release(page_size))

    async def current_release(self) -> Answer[ReleaseDetailsReply]:
        """The one that requests are answered from."""
        return await self.send(_CURRENT_RELEASE)

    async def release(self, release_id: str) -> Answer[ReleaseDetailsReply]:
        """With all that it serves, and the runs that wrote it."""
        return await self.send(_release(release_id))

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

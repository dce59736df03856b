"""What is served, and how the service does."""

from http import HTTPStatus

from mpp_api.client.call import Call, get, path
from mpp_api.health.schemas import HealthReply
from mpp_api.releases.schemas import ReleaseDetailsReply, ReleasesReply
from mpp_api.reports.schemas import ReportReply


def releases(*, before: str | None = None, limit: int | None = None) -> Call[ReleasesReply]:
    """Published last first; those published before the release `before`."""
    return get("/releases", ReleasesReply, before=before, limit=limit)


def current_release() -> Call[ReleaseDetailsReply]:
    """The one that requests are answered from."""
    return get("/releases/current", ReleaseDetailsReply)


def release(release_id: str) -> Call[ReleaseDetailsReply]:
    """With all that it serves, and the runs that wrote it."""
    return get(path("releases", release_id), ReleaseDetailsReply)


def report() -> Call[ReportReply]:
    """The analytics report of the release."""
    return get("/report", ReportReply)


def report_page() -> Call[str]:
    """The same as an HTML page."""
    return Call("GET", "/report.html", bytes.decode)


def health() -> Call[HealthReply]:
    """Which stores answer. An answer too when the service is down."""
    down = frozenset({HTTPStatus.SERVICE_UNAVAILABLE.value})
    return Call("GET", "/health", HealthReply.model_validate_json, answered_by=down)


def metrics() -> Call[str]:
    """In Prometheus' text format."""
    return Call("GET", "/metrics", bytes.decode)

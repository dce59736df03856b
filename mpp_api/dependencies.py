"""What endpoints can ask for. Tests override these, not what is behind them.

Write each as `async def`, also one that awaits nothing: FastAPI runs any other in a thread,
which costs a request more than a cached reply does. And let few ask for others: half of a
cached reply's time is FastAPI resolving them, some 20 us each.
"""

from typing import Annotated

from fastapi import Depends, Path, Request

from mpp_api.deadline import Deadline
from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.events.spooling import EventSpool
from mpp_api.feedback.exposures import ExposureLog
from mpp_api.health.service import Health
from mpp_api.identifiers import StoredId
from mpp_api.metrics.service import Metrics
from mpp_api.releases.served import ServedRelease
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.replies.cache import CachedReplies
from mpp_api.resilience.legs import Legs
from mpp_api.security.audit import Audit
from mpp_api.settings import ApiSettings
from mpp_api.stores import Stores

UserId = Annotated[
    StoredId,
    Path(
        description="As in the landed events.",
        examples=["u042"],
    ),
]
CampaignId = Annotated[
    StoredId,
    Path(
        description="As in the landed events.",
        examples=["summer-sale"],
    ),
]


async def get_settings(request: Request) -> ApiSettings:
    settings: ApiSettings = request.app.state.settings
    return settings


async def get_metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def get_stores(request: Request) -> Stores:
    stores: Stores = request.app.state.stores
    return stores


async def get_embedder(request: Request) -> TextEmbedder:
    embedder: TextEmbedder = request.app.state.embedder
    return embedder


async def get_releases(request: Request) -> ReleaseWatch:
    releases: ReleaseWatch = request.app.state.releases
    return releases


async def get_health(request: Request) -> Health:
    health: Health = request.app.state.health
    return health


async def get_deadline(request: Request) -> Deadline:
    """The same one for all that a request asks of the stores. It begins when the request has
    been read: a caller's slow line takes none of it."""
    deadline: Deadline | None = getattr(request.state, "deadline", None)
    if deadline is None:
        settings: ApiSettings = request.app.state.settings
        deadline = request.state.deadline = Deadline(settings.store_seconds)
    return deadline


async def get_release(request: Request) -> ServedRelease:
    """Taken once a request: whatever is published meanwhile, the reply is read from this one."""
    releases: ReleaseWatch = request.app.state.releases
    return await releases.served(await get_deadline(request))


async def get_request_id(request: Request) -> str:
    request_id: str = request.state.request_id
    return request_id


async def get_legs(request: Request) -> Legs:
    app = request.app.state
    return Legs(app.guards, app.metrics, await get_deadline(request))


async def get_replies(request: Request) -> CachedReplies:
    replies: CachedReplies = request.app.state.replies
    return replies


async def get_events(request: Request) -> EventSpool:
    events: EventSpool = request.app.state.events
    return events


async def get_exposures(request: Request) -> ExposureLog:
    exposures: ExposureLog = request.app.state.exposures
    return exposures


async def get_audit(request: Request) -> Audit:
    state = request.state
    deadline = await get_deadline(request)
    return Audit(request.app.state.settings, state.caller, state.request_id, deadline)


CurrentSettings = Annotated[ApiSettings, Depends(get_settings)]
CurrentMetrics = Annotated[Metrics, Depends(get_metrics)]
OpenStores = Annotated[Stores, Depends(get_stores)]
Embedder = Annotated[TextEmbedder, Depends(get_embedder)]
Releases = Annotated[ReleaseWatch, Depends(get_releases)]
CurrentHealth = Annotated[Health, Depends(get_health)]
CurrentRelease = Annotated[ServedRelease, Depends(get_release)]
CurrentAudit = Annotated[Audit, Depends(get_audit)]
RequestId = Annotated[str, Depends(get_request_id)]
CurrentDeadline = Annotated[Deadline, Depends(get_deadline)]
CurrentLegs = Annotated[Legs, Depends(get_legs)]
Replies = Annotated[CachedReplies, Depends(get_replies)]
Events = Annotated[EventSpool, Depends(get_events)]
Exposures = Annotated[ExposureLog, Depends(get_exposures)]

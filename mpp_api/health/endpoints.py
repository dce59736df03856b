from http import HTTPStatus

from fastapi import APIRouter, Response

from mpp_api.dependencies import CurrentSettings, OpenStores, Releases
from mpp_api.health import service
from mpp_api.health.schemas import HealthReply, Overall

router = APIRouter(tags=["operation"])


@router.get(
    "/health",
    summary="Which stores answer, and which release is served",
    responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": HealthReply, "description": "down"}},
)
async def read_health(
    response: Response, stores: OpenStores, releases: Releases, settings: CurrentSettings
) -> HealthReply:
    """200 while a recommendation is possible, else 503 with the same body."""
    health = await service.check(stores, releases, settings.api_leg_timeout_seconds)
    if health.status == Overall.DOWN:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return health

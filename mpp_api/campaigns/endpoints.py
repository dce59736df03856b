from http import HTTPStatus

from fastapi import APIRouter, Response

from mpp_api.campaigns import service
from mpp_api.campaigns.schemas import CampaignPerformanceReply
from mpp_api.dependencies import CampaignId, CurrentRelease, CurrentSettings, OpenStores
from mpp_api.errors import problem_responses
from mpp_api.releases.headers import RELEASE_HEADERS, release_headers
from mpp_api.security.access import READ

router = APIRouter(prefix="/campaigns", tags=["campaigns"], dependencies=[READ])


@router.get(
    "/{campaign_id}/performance",
    summary="How a campaign performs",
    responses={
        HTTPStatus.OK.value: {"headers": RELEASE_HEADERS},
        **problem_responses(
            HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    },
)
async def read_campaign_performance(
    campaign_id: CampaignId,
    response: Response,
    served: CurrentRelease,
    stores: OpenStores,
    settings: CurrentSettings,
) -> CampaignPerformanceReply:
    response.headers.update(release_headers(served))
    return await service.campaign_performance(
        campaign_id, served, stores.tables, settings.api_leg_timeout_seconds
    )

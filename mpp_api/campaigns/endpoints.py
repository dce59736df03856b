from http import HTTPStatus

from fastapi import APIRouter

from mpp_api.campaigns import service
from mpp_api.campaigns.schemas import CampaignPerformanceReply
from mpp_api.dependencies import CampaignId, CurrentSettings, OpenStores
from mpp_api.errors import problem_responses

router = APIRouter(prefix="/campaigns", tags=["campaigns"])


@router.get(
    "/{campaign_id}/performance",
    summary="How a campaign performs",
    responses=problem_responses(
        HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    ),
)
async def read_campaign_performance(
    campaign_id: CampaignId, stores: OpenStores, settings: CurrentSettings
) -> CampaignPerformanceReply:
    return await service.campaign_performance(
        campaign_id, stores.tables, settings.api_leg_timeout_seconds
    )

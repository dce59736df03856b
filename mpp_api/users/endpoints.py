from http import HTTPStatus

from fastapi import APIRouter

from mpp_api.dependencies import CurrentSettings, OpenStores, UserId
from mpp_api.errors import problem_responses
from mpp_api.users import service
from mpp_api.users.schemas import UserEngagementReply

router = APIRouter(prefix="/users", tags=["users"])


@router.get(
    "/{user_id}/engagement",
    summary="What a user did in each campaign",
    responses=problem_responses(
        HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    ),
)
async def read_user_engagement(
    user_id: UserId, stores: OpenStores, settings: CurrentSettings
) -> UserEngagementReply:
    return await service.user_engagement(user_id, stores.tables, settings.api_leg_timeout_seconds)

from http import HTTPStatus

from fastapi import APIRouter, Response

from mpp_api.dependencies import CurrentRelease, CurrentSettings, OpenStores, UserId
from mpp_api.errors import problem_responses
from mpp_api.releases.headers import RELEASE_HEADERS, release_headers
from mpp_api.security.access import READ
from mpp_api.users import service
from mpp_api.users.schemas import UserEngagementReply

router = APIRouter(prefix="/users", tags=["users"], dependencies=[READ])


@router.get(
    "/{user_id}/engagement",
    summary="What a user did in each campaign",
    responses={
        HTTPStatus.OK.value: {"headers": RELEASE_HEADERS},
        **problem_responses(
            HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    },
)
async def read_user_engagement(
    user_id: UserId,
    response: Response,
    served: CurrentRelease,
    stores: OpenStores,
    settings: CurrentSettings,
) -> UserEngagementReply:
    response.headers.update(release_headers(served))
    return await service.user_engagement(
        user_id, served, stores.tables, settings.api_leg_timeout_seconds
    )

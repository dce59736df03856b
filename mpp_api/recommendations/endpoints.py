from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from mpp_api.dependencies import (
    CurrentLegs,
    CurrentMetrics,
    CurrentRelease,
    CurrentSettings,
    OpenStores,
    UserId,
)
from mpp_api.errors import problem_responses
from mpp_api.recommendations.schemas import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    RecommendationReply,
    RecommendationRequest,
)
from mpp_api.recommendations.service import Answer, Recommender
from mpp_api.releases.headers import RELEASE_HEADERS, release_headers
from mpp_api.releases.served import ServedRelease
from mpp_api.security.access import READ

router = APIRouter(prefix="/recommendations", tags=["recommendations"], dependencies=[READ])

_HEADERS = {
    "X-Cache": {
        "description": "hit: from Redis; miss: computed; bypass: computed without the cache.",
        "schema": {"type": "string", "enum": ["hit", "miss", "bypass"]},
    },
    **RELEASE_HEADERS,
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {"headers": _HEADERS},
    **problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
}


def get_recommender(
    stores: OpenStores, metrics: CurrentMetrics, settings: CurrentSettings, legs: CurrentLegs
) -> Recommender:
    return Recommender(stores, metrics, settings, legs)


CurrentRecommender = Annotated[Recommender, Depends(get_recommender)]


@router.get(
    "/{user_id}",
    summary="Which campaigns next for this user, and why",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def read_recommendations(
    user_id: UserId,
    served: CurrentRelease,
    recommender: CurrentRecommender,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    exclude_seen: Annotated[
        bool, Query(description="Leave out campaigns the user already engaged with.")
    ] = True,
) -> Response:
    """An unknown user gets popular campaigns, marked `"strategy": "popular"`."""
    request = RecommendationRequest(user_id=user_id, limit=limit, exclude_seen=exclude_seen)
    return _rendered(await recommender.recommend(request, served), served)


@router.post(
    "",
    summary="The same, for any user id",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def create_recommendations(
    request: RecommendationRequest, served: CurrentRelease, recommender: CurrentRecommender
) -> Response:
    return _rendered(await recommender.recommend(request, served), served)


def _rendered(answer: Answer, served: ServedRelease) -> Response:
    headers = {"X-Cache": str(answer.cache_outcome), **release_headers(served)}
    return Response(answer.body, media_type="application/json", headers=headers)

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from mpp_api.dependencies import (
    CurrentMetrics,
    CurrentSettings,
    OpenStores,
    Releases,
    UserId,
)
from mpp_api.errors import problem_responses
from mpp_api.recommendations.schemas import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    RecommendationReply,
    RecommendationRequest,
)
from mpp_api.recommendations.service import Recommender, Served

router = APIRouter(prefix="/recommendations", tags=["recommendations"])

_HEADERS = {
    "X-Cache": {
        "description": "hit: from Redis; miss: computed; bypass: computed without the cache.",
        "schema": {"type": "string", "enum": ["hit", "miss", "bypass"]},
    },
    "X-Release-State": {
        "description": "current; last-known or unknown while Postgres is down.",
        "schema": {"type": "string", "enum": ["current", "last-known", "unknown"]},
    },
    "X-Release-Age-Seconds": {
        "description": "Since the release was published; absent while none is known.",
        "schema": {"type": "number"},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {"headers": _HEADERS},
    **problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
}


def get_recommender(
    stores: OpenStores,
    releases: Releases,
    metrics: CurrentMetrics,
    settings: CurrentSettings,
) -> Recommender:
    return Recommender(stores, releases, metrics, settings)


CurrentRecommender = Annotated[Recommender, Depends(get_recommender)]


@router.get(
    "/{user_id}",
    summary="Which campaigns next for this user, and why",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def read_recommendations(
    user_id: UserId,
    recommender: CurrentRecommender,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    exclude_seen: Annotated[
        bool, Query(description="Leave out campaigns the user already engaged with.")
    ] = True,
) -> Response:
    """An unknown user gets popular campaigns, marked `"strategy": "popular"`."""
    request = RecommendationRequest(user_id=user_id, limit=limit, exclude_seen=exclude_seen)
    return _rendered(await recommender.recommend(request))


@router.post(
    "",
    summary="The same, for any user id",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def create_recommendations(
    request: RecommendationRequest, recommender: CurrentRecommender
) -> Response:
    return _rendered(await recommender.recommend(request))


def _rendered(served: Served) -> Response:
    headers: dict[str, str] = {
        "X-Cache": served.cache_outcome,
        "X-Release-State": served.release.state,
    }
    age_seconds = served.release.age_seconds()
    if age_seconds is not None:
        headers["X-Release-Age-Seconds"] = f"{age_seconds:.3f}"
    return Response(served.body, media_type="application/json", headers=headers)

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from mpp_api.deadline import Deadline
from mpp_api.dependencies import (
    CurrentDeadline,
    CurrentLegs,
    CurrentRelease,
    CurrentSettings,
    Embedder,
    UserId,
)
from mpp_api.errors import problem_responses
from mpp_api.recommendations.batch import recommend_to_many
from mpp_api.recommendations.requests import BatchRequest, PageOptions, RecommendationRequest
from mpp_api.recommendations.schemas import BatchReply, RecommendationReply
from mpp_api.recommendations.service import Recommender
from mpp_api.releases.headers import RELEASE_HEADERS, release_headers
from mpp_api.releases.served import ServedRelease
from mpp_api.replies.cache import Answer
from mpp_api.replies.headers import CACHE_HEADERS, cache_headers
from mpp_api.security.access import READ

router = APIRouter(prefix="/recommendations", tags=["recommendations"], dependencies=[READ])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {"headers": {**CACHE_HEADERS, **RELEASE_HEADERS}},
    **problem_responses(
        HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    ),
}


async def get_recommender(
    request: Request, embedder: Embedder, deadline: CurrentDeadline
) -> Recommender:
    app = request.app.state
    return Recommender(
        stores=app.stores,
        embedder=embedder,
        replies=app.replies,
        admission=app.admission,
        deadline=deadline,
        exposures=app.exposures,
        metrics=app.metrics,
        request_id=request.state.request_id,
    )


CurrentRecommender = Annotated[Recommender, Depends(get_recommender)]


# First, since a 405 says what the first operation of the path allows: not GET, for a user `batch`.
@router.post(
    "/batch",
    summary="The same question for many users",
    response_model=BatchReply,
    responses={
        HTTPStatus.OK.value: {"headers": RELEASE_HEADERS},
        **problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
    },
)
async def create_recommendations_of_many(
    batch: BatchRequest,
    *,
    request: Request,
    settings: CurrentSettings,
    served: CurrentRelease,
    recommender: CurrentRecommender,
    legs: CurrentLegs,
) -> Response:
    """Every item is a reply of its own, or the problem that kept it from being one."""

    async def recommend(one: RecommendationRequest, deadline: Deadline) -> Answer:
        for_one = replace(recommender, deadline=deadline)
        return await for_one.recommend(one, served, legs.of_another_reply(deadline))

    body = await recommend_to_many(
        batch,
        recommend,
        turns=request.app.state.batch_turns,
        deadline=Deadline(settings.batch_store_seconds),
        reply_seconds=settings.store_seconds,
    )
    return Response(body, media_type="application/json", headers=release_headers(served))


@router.get(
    "/{user_id}",
    summary="Which campaigns next for this user, and why",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def read_recommendations(
    user_id: UserId,
    options: Annotated[PageOptions, Query()],
    served: CurrentRelease,
    recommender: CurrentRecommender,
    legs: CurrentLegs,
) -> Response:
    """An unknown user gets trending campaigns, marked `"strategy": "trending"`.

    Only campaigns that run today (UTC), or `on` a later day, are listed, and none that the user
    dismissed.
    """
    request = RecommendationRequest(user_id=user_id, **options.model_dump(exclude_unset=True))
    return _rendered(await recommender.recommend(request, served, legs), served)


@router.post(
    "",
    summary="Which campaigns next for a user, a text, a session or anybody",
    response_model=RecommendationReply,
    responses=_RESPONSES,
)
async def create_recommendations(
    request: RecommendationRequest,
    served: CurrentRelease,
    recommender: CurrentRecommender,
    legs: CurrentLegs,
) -> Response:
    """What the reply is made from, by what is known:

    - `hybrid`: a user whom the release knows; `text` or `messages` say what is wanted now.
    - `text`, `session`: nobody the release knows; campaigns near the texts.
    - `trending`: nothing known at all.
    """
    return _rendered(await recommender.recommend(request, served, legs), served)


def _rendered(answer: Answer, served: ServedRelease) -> Response:
    headers = {**cache_headers(answer), **release_headers(served)}
    return Response(answer.body, media_type="application/json", headers=headers)

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from mpp_api.dependencies import (
    CampaignId,
    CurrentLegs,
    CurrentMetrics,
    OpenStores,
    Releases,
    UserId,
)
from mpp_api.erasures.known import KnownErasures
from mpp_api.errors import NoRelease, problem_responses
from mpp_api.feedback.schemas import (
    CampaignFeedbackReply,
    DismissalsReply,
    FeedbackReply,
    FeedbackRequests,
)
from mpp_api.feedback.service import FeedbackService
from mpp_api.identifiers import StoredId
from mpp_api.security.access import READ, WRITE

router = APIRouter(tags=["feedback"])

_PROBLEMS = problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


async def get_feedback(
    stores: OpenStores, legs: CurrentLegs, metrics: CurrentMetrics, releases: Releases
) -> FeedbackService:
    try:
        served = await releases.served()
    except NoRelease:
        served = None
    return FeedbackService(stores, legs, metrics, served)


FeedbackRecords = Annotated[FeedbackService, Depends(get_feedback)]


@router.post(
    "/feedback",
    summary="Say what users made of recommendations",
    dependencies=[WRITE],
    responses=_PROBLEMS,
)
async def create_feedback(
    requests: Annotated[FeedbackRequests, Body()],
    feedback: FeedbackRecords,
    erased: KnownErasures,
) -> FeedbackReply:
    """One, or a list. Each has an outcome of its own: look at `rejected`. After a 503, or no
    reply, send all of it again: the same feedback counts once.

    A dismissed campaign is not recommended to the user any more, from this reply on."""
    return await feedback.record(requests, erased)


@router.get(
    "/users/{user_id}/dismissals",
    summary="Campaigns that a user does not want to see again",
    dependencies=[READ],
    responses=_PROBLEMS,
)
async def list_dismissals(
    user_id: UserId, feedback: FeedbackRecords, erased: KnownErasures
) -> DismissalsReply:
    """All of them. `DELETE /feedback/dismissals` takes one back."""
    return await feedback.dismissals(user_id, erased)


@router.delete(
    "/feedback/dismissals",
    summary="Undo a dismissal",
    status_code=HTTPStatus.NO_CONTENT,
    dependencies=[WRITE],
    responses=_PROBLEMS,
)
async def delete_dismissal(
    user_id: Annotated[StoredId, Query(examples=["u042"])],
    campaign_id: Annotated[StoredId, Query(examples=["summer-sale"])],
    feedback: FeedbackRecords,
) -> None:
    """The campaign can be recommended to the user again. There may have been no dismissal."""
    await feedback.undo_dismissal(user_id, campaign_id)


@router.get(
    "/campaigns/{campaign_id}/feedback",
    summary="How often a campaign was recommended, and what came of it",
    dependencies=[READ],
    responses={**problem_responses(HTTPStatus.NOT_FOUND), **_PROBLEMS},
)
async def read_campaign_feedback(
    campaign_id: CampaignId, feedback: FeedbackRecords
) -> CampaignFeedbackReply:
    """Over all time and all releases."""
    return await feedback.counts(campaign_id)

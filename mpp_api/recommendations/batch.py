"""Answers the same question for many users."""

import asyncio
import json

from mpp_api.errors import ApiError, problem
from mpp_api.recommendations.requests import BatchRequest, RecommendationRequest
from mpp_api.recommendations.service import Recommender
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.legs import Legs

AT_ONCE = 8
"""Replies of one batch that are asked for at the same time: all at once would keep other requests
waiting for their turn (`Admission`)."""


async def recommend_to_many(
    batch: BatchRequest, served: ServedRelease, recommender: Recommender, legs: Legs
) -> bytes:
    """A `BatchReply` as JSON, which holds kept replies as they are."""
    options = batch.model_dump(exclude={"user_ids"}, exclude_unset=True)
    taking_turns = asyncio.Semaphore(AT_ONCE)

    async def item(user_id: str) -> bytes:
        request = RecommendationRequest(user_id=user_id, **options)
        async with taking_turns:
            try:
                answer = await recommender.recommend(request, served, legs.of_another_reply())
            except ApiError as error:
                refusal = problem(error.status, error.title, error.detail, slug=error.slug)
                return _item(user_id, problem=bytes(refusal.body))
        return _item(user_id, reply=answer.body)

    items = await asyncio.gather(*(item(user_id) for user_id in batch.user_ids))
    return b'{"items":[%b]}' % b",".join(items)


def _item(user_id: str, *, reply: bytes = b"null", problem: bytes = b"null") -> bytes:
    return b'{"user_id":%b,"reply":%b,"problem":%b}' % (
        json.dumps(user_id).encode(),
        reply,
        problem,
    )

"""Answers the same question for many users."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from mpp_api.deadline import Deadline
from mpp_api.errors import ApiError, problem
from mpp_api.recommendations.requests import BatchRequest, RecommendationRequest
from mpp_api.replies.cache import Answer
from mpp_api.resilience.admission import Admission

Recommend = Callable[[RecommendationRequest, Deadline], Awaitable[Answer]]


async def recommend_to_many(
    batch: BatchRequest,
    recommend: Recommend,
    *,
    turns: Admission,
    deadline: Deadline,
    reply_seconds: float,
) -> bytes:
    """A `BatchReply` as JSON, which holds kept replies as they are.

    `turns` are those of all batches: fewer than there are places to compute, so that other
    requests need not wait for a batch. From its turn on a reply has `reply_seconds`, as one that
    is asked for alone, and the `deadline` is that of the whole batch.
    """
    options = batch.model_dump(exclude={"user_ids"}, exclude_unset=True)

    async def item(user_id: str) -> bytes:
        request = RecommendationRequest(user_id=user_id, **options)
        try:
            async with turns.place(deadline, computing_seconds=reply_seconds):
                answer = await recommend(request, deadline.part(reply_seconds))
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

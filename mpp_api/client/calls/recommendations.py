"""Which campaigns next, and why."""

from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from mpp_api.client.call import Call, post
from mpp_api.recommendations.schemas import BatchReply, RecommendationReply


class ListOptions(TypedDict, total=False):
    """As in `mpp_api.recommendations.requests.ListOptions`; what is left out is the service's
    default."""

    limit: int
    exclude_seen: bool
    exclude_ids: Sequence[str]
    include_ids: Sequence[str]
    tags: Sequence[str]
    topic: Sequence[str]
    min_score: float
    diversity: float
    explain: bool


def recommendations(
    user_id: str | None = None,
    *,
    text: str | None = None,
    messages: Sequence[str] = (),
    cursor: str = "",
    **options: Unpack[ListOptions],
) -> Call[RecommendationReply]:
    """For a user, a text, the messages of a session, or with nothing at all what is trending."""
    body: dict[str, Any] = {**options, "user_id": user_id, "text": text, "cursor": cursor}
    return post("/recommendations", RecommendationReply, body | {"messages": messages})


def recommendations_of_many(
    user_ids: Sequence[str], **options: Unpack[ListOptions]
) -> Call[BatchReply]:
    """At most 100 users; each has a reply or a problem of its own."""
    return post("/recommendations/batch", BatchReply, {**options, "user_ids": user_ids})

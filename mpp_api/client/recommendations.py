"""Which campaigns next, and why."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from typing import Any, TypedDict, Unpack

from mpp_api.client.call import Answer, Call, Pages, post
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.recommendations.schemas import BatchReply, RecommendationItem, RecommendationReply


class ListOptions(TypedDict, total=False):
    """As in `mpp_api.recommendations.requests.ListOptions`; what is left out is the service's
    default."""

    exclude_seen: bool
    on: date
    exclude_ids: Sequence[str]
    include_ids: Sequence[str]
    tags: Sequence[str]
    topic: Sequence[str]
    min_score: float
    diversity: float
    explain: bool


def _recommendations(
    user_id: str | None,
    text: str | None,
    messages: Sequence[str],
    options: ListOptions,
    *,
    limit: int | None,
    cursor: str,
) -> Call[RecommendationReply]:
    body: dict[str, Any] = {"user_id": user_id, "text": text, "messages": messages}
    body |= {**options, **_given(limit), "cursor": cursor}
    return post("/recommendations", RecommendationReply, body)


def _every_recommendation(
    user_id: str | None,
    text: str | None,
    messages: Sequence[str],
    options: ListOptions,
    page_size: int | None,
) -> Pages[RecommendationReply, RecommendationItem]:
    return Pages(
        lambda cursor: _recommendations(
            user_id, text, messages, options, limit=page_size, cursor=cursor
        ),
        lambda reply: reply.items,
        lambda reply: reply.next_cursor,
    )


def _of_many(user_ids: Sequence[str], limit: int | None, options: ListOptions) -> Call[BatchReply]:
    body = {**options, **_given(limit), "user_ids": user_ids}
    return post("/recommendations/batch", BatchReply, body)


def _given(limit: int | None) -> dict[str, int]:
    return {} if limit is None else {"limit": limit}


class RecommendationMethods(Sender):
    def recommendations(
        self,
        user_id: str | None = None,
        *,
        text: str | None = None,
        messages: Sequence[str] = (),
        limit: int | None = None,
        cursor: str = "",
        **options: Unpack[ListOptions],
    ) -> Answer[RecommendationReply]:
        """For a user, a text, the messages of a session, or with nothing at all what is
        trending."""
        return self.send(
            _recommendations(user_id, text, messages, options, limit=limit, cursor=cursor)
        )

    def every_recommendation(
        self,
        user_id: str | None = None,
        *,
        text: str | None = None,
        messages: Sequence[str] = (),
        page_size: int | None = None,
        **options: Unpack[ListOptions],
    ) -> Iterator[RecommendationItem]:
        """The items of all pages."""
        return self.iterate(_every_recommendation(user_id, text, messages, options, page_size))

    def recommendations_of_many(
        self, user_ids: Sequence[str], *, limit: int | None = None, **options: Unpack[ListOptions]
    ) -> Answer[BatchReply]:
        """At most 100 users; each has a reply or a problem of its own."""
        return self.send(_of_many(user_ids, limit, options))


class AsyncRecommendationMethods(AsyncSender):
    async def recommendations(
        self,
        user_id: str | None = None,
        *,
        text: str | None = None,
        messages: Sequence[str] = (),
        limit: int | None = None,
        cursor: str = "",
        **options: Unpack[ListOptions],
    ) -> Answer[RecommendationReply]:
        """For a user, a text, the messages of a session, or with nothing at all what is
        trending."""
        return await self.send(
            _recommendations(user_id, text, messages, options, limit=limit, cursor=cursor)
        )

    def every_recommendation(
        self,
        user_id: str | None = None,
        *,
        text: str | None = None,
        messages: Sequence[str] = (),
        page_size: int | None = None,
        **options: Unpack[ListOptions],
    ) -> AsyncIterator[RecommendationItem]:
        """The items of all pages."""
        return self.iterate(_every_recommendation(user_id, text, messages, options, page_size))

    async def recommendations_of_many(
        self, user_ids: Sequence[str], *, limit: int | None = None, **options: Unpack[ListOptions]
    ) -> Answer[BatchReply]:
        """At most 100 users; each has a reply or a problem of its own."""
        return await self.send(_of_many(user_ids, limit, options))

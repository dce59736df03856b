"""Messages whose meaning is near to a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.messages.errors import OtherModel
from mpp_api.messages.schemas import FoundMessage, MessageSearchReply
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.replies.cache import Answer, CachedReplies, Computed, Keep
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.records import SimilarMessage

SPARE = 20
"""Searched for beyond what was asked for, in place of what erased users wrote."""
_SEARCH_AGAIN_FACTOR = 4
"""Where they wrote more of it than that."""


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Every filter that is given has to hold; sent from `since` on and before `until`."""

    q: str
    campaign_id: str | None
    user_id: str | None
    since: datetime | None
    until: datetime | None
    limit: int

    def inputs(self) -> dict[str, str | int | None]:
        return {
            "q": self.q,
            "campaign_id": self.campaign_id,
            "user_id": self.user_id,
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class MessageSearch:
    served: ServedRelease
    vectors: VectorReader
    embedder: TextEmbedder
    legs: Legs
    replies: CachedReplies

    async def answer(self, query: MessageQuery) -> Answer:
        """A `MessageSearchReply`. Raises `OtherModel`."""
        if self.served.release.embedding_model != self.embedder.model:
            raise OtherModel(self.served.release.embedding_model, self.embedder.model)

        async def compute() -> Computed:
            reply = await self._found(query)
            keep = Keep.FULL if reply.messages else Keep.BRIEFLY
            return Computed(reply.model_dump_json().encode(), keep)

        return await self.replies.answer(
            "message-search", self.served, query.inputs(), subject=query.user_id, compute=compute
        )

    async def _found(self, query: MessageQuery) -> MessageSearchReply:
        [vector] = await self.legs.required(
            Leg.MODEL, "embed a query", lambda: self.embedder.embed([query.q])
        )
        nearest = await self.legs.required(
            Leg.VECTOR, "search messages", lambda: self._nearest(query, vector)
        )
        messages = [FoundMessage.model_validate(each) for each in nearest]
        for message in messages:
            message.similarity = round(message.similarity, 4)
        messages.sort(key=lambda message: (-message.similarity, message.message_id))
        return MessageSearchReply(
            q=query.q, messages=messages, release=ReleaseReply.of(self.served)
        )

    async def _nearest(self, query: MessageQuery, vector: Sequence[float]) -> list[SimilarMessage]:
        """Of users who are not erased."""
        kept: list[SimilarMessage] = []
        wanted = query.limit + SPARE
        for limit in (wanted, wanted * _SEARCH_AGAIN_FACTOR):
            found = await self.vectors.similar_messages(
                vector,
                limit,
                materializations=self.served.contents.message_vectors,
                user_id=query.user_id,
                campaign_ids=None if query.campaign_id is None else [query.campaign_id],
                since=query.since,
                until=query.until,
            )
            kept = [each for each in found if not self.served.erased.includes(each.user_id)]
            if len(found) < limit or len(kept) >= query.limit:
                break
        return kept[: query.limit]

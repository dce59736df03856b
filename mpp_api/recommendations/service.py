"""Answers recommendation requests from the cache, else computes, and notes what was shown."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mpp_api.deadline import Deadline
from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.feedback.exposures import ExposureLog
from mpp_api.metrics.service import Metrics
from mpp_api.recommendations.answering import Answering
from mpp_api.recommendations.requests import RecommendationRequest
from mpp_api.recommendations.schemas import RecommendationReply
from mpp_api.releases.served import ServedRelease
from mpp_api.replies.cache import Answer, CachedReplies, Computed, Keep
from mpp_api.resilience.admission import Admission
from mpp_api.resilience.legs import Legs
from mpp_api.stores import Stores
from mpp_stores.records import Exposure


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """For one reply. Only complete ones are kept."""

    stores: Stores
    embedder: TextEmbedder
    replies: CachedReplies
    admission: Admission
    deadline: Deadline
    exposures: ExposureLog
    metrics: Metrics
    request_id: str

    async def recommend(
        self, request: RecommendationRequest, served: ServedRelease, legs: Legs
    ) -> Answer:
        """The body is a `RecommendationReply` as JSON.

        Raises `ListChanged` for a cursor of another list, and `Overloaded`.
        """
        now = datetime.now(UTC)
        on = max(request.on or now.date(), now.date())

        async def compute() -> Computed:
            answering = Answering(request, served, self.stores, self.embedder, legs, on)
            async with self.admission.place(self.deadline):
                return self._computed(await answering.reply())

        answer = await self.replies.answer(
            "recommendations",
            served,
            # Which campaigns run depends on the day, asked for or not.
            {**request.model_dump(), "on": on.isoformat()},
            subject=request.user_id,
            compute=compute,
        )
        self.exposures.note(
            Exposure(
                request_id=self.request_id,
                user_id=request.user_id,
                campaign_ids=answer.campaign_ids,
                strategy=answer.strategy,
                release_id=served.release.release_id,
                shown_at=now,
                first_rank=answer.first_rank,
            )
        )
        return answer

    def _computed(self, reply: RecommendationReply) -> Computed:
        if reply.missing_legs:
            self.metrics.count_degraded_reply()
        return Computed(
            reply.model_dump_json().encode(),
            _keep(reply),
            campaign_ids=tuple(item.campaign_id for item in reply.items),
            strategy=reply.strategy,
            first_rank=reply.items[0].rank if reply.items else 1,
        )


def _keep(reply: RecommendationReply) -> Keep:
    """Ids that nobody has are many and soon forgotten."""
    if reply.missing_legs:
        return Keep.NOT
    return Keep.BRIEFLY if reply.known_user is False or not reply.items else Keep.FULL

"""Answers a recommendation request: from the cache, else retrieve, rank, explain, cache."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mpp_api.errors import NothingAnswered
from mpp_api.metrics.service import Metrics
from mpp_api.recommendations.explanation import Explainer
from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.ranking import RankedCampaign, rank_personal, rank_popular
from mpp_api.recommendations.retrieval import retrieve
from mpp_api.recommendations.schemas import (
    MessageSource,
    RecommendationItem,
    RecommendationReply,
    RecommendationRequest,
    ScorePartReply,
    Strategy,
)
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ReleaseState, ServedRelease
from mpp_api.resilience.legs import Leg, Legs
from mpp_api.settings import ApiSettings
from mpp_api.stores import Stores
from mpp_stores.redis.cache import CachedReply, CacheOutcome, reply_key


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a `RecommendationReply` as JSON."""

    body: bytes
    cache_outcome: CacheOutcome


class Recommender:
    def __init__(self, stores: Stores, metrics: Metrics, settings: ApiSettings, legs: Legs) -> None:
        self._stores = stores
        self._legs = legs
        self._metrics = metrics
        self._settings = settings

    async def recommend(self, request: RecommendationRequest, served: ServedRelease) -> Answer:
        """Raises `NothingAnswered` when no list can be made. Only complete replies over the
        current release are kept in the cache, and none that names an erased user."""
        key = self._key(request, served)
        if served.erased.includes(request.user_id):
            cached = CachedReply(CacheOutcome.BYPASS)
        else:
            cached = await self._stores.cache.get(key)
        self._metrics.count_cache_result(cached.outcome)
        if cached.value is not None:
            return Answer(cached.value, cached.outcome)
        reply = await self._compute(request, served)
        body = reply.model_dump_json().encode()
        if reply.missing_legs:
            self._metrics.count_degraded_reply()
        elif cached.outcome is CacheOutcome.MISS and served.state is ReleaseState.CURRENT:
            await self._stores.cache.put(key, body)
        return Answer(body, cached.outcome)

    def _key(self, request: RecommendationRequest, served: ServedRelease) -> str:
        settings = self._settings
        return reply_key(
            "recommendations",
            served.release.release_id,
            {
                **request.model_dump(),
                "similar_users": settings.api_similar_users,
                "nearest_messages": settings.api_nearest_messages,
                "co_engaged_campaigns": settings.api_co_engaged_campaigns,
                "erasures": served.erasures_key,
            },
        )

    async def _compute(
        self, request: RecommendationRequest, served: ServedRelease
    ) -> RecommendationReply:
        legs = self._legs
        findings = await retrieve(request.user_id, served, self._stores, legs, self._settings)
        strategy = Strategy.HYBRID if findings.evidence.is_personal else Strategy.POPULAR
        if strategy is Strategy.POPULAR and Leg.TABLE in legs.missing:
            raise NothingAnswered([*legs.missing])
        ranked = _rank(strategy, request, findings)
        explainer = Explainer(findings)
        sources = await self._message_sources(
            [
                message.message_id
                for campaign in ranked
                for message in explainer.cited_messages(campaign.campaign_id)
            ],
            served,
            legs,
        )
        known_user = _known_user(findings, legs)
        return RecommendationReply(
            user_id=request.user_id,
            strategy=strategy,
            known_user=known_user,
            limit=request.limit,
            exclude_seen=request.exclude_seen,
            release=ReleaseReply.of(served, generated_at := datetime.now(UTC)),
            generated_at=generated_at,
            missing_legs=legs.missing,
            notice=_notice(strategy, known_user, findings, ranked),
            items=[
                _item(rank, campaign, explainer, sources)
                for rank, campaign in enumerate(ranked, start=1)
            ],
        )

    async def _message_sources(
        self, message_ids: Sequence[str], served: ServedRelease, legs: Legs
    ) -> Mapping[str, MessageSource]:
        if not message_ids:
            return {}
        documents = await legs.run(
            Leg.DOCUMENT,
            "read the sources of the cited messages",
            lambda: self._stores.documents.messages(
                message_ids, materializations=served.contents.documents
            ),
        )
        return {
            document.message_id: MessageSource(batch=document.batch, position=document.position)
            for document in documents or ()
        }


def _rank(
    strategy: Strategy, request: RecommendationRequest, findings: Findings
) -> list[RankedCampaign]:
    if strategy is Strategy.POPULAR:
        return rank_popular(
            findings.table.performances,
            seen=findings.seen,
            exclude_seen=request.exclude_seen,
            limit=request.limit,
        )
    return rank_personal(
        findings.evidence,
        seen=findings.seen,
        exclude_seen=request.exclude_seen,
        limit=request.limit,
    )


def _known_user(findings: Findings, legs: Legs) -> bool | None:
    if findings.knows_user:
        return True
    could_know = {Leg.VECTOR, Leg.GRAPH, Leg.TABLE}
    return None if could_know & set(legs.missing) else False


def _notice(
    strategy: Strategy,
    known_user: bool | None,
    findings: Findings,
    ranked: Sequence[RankedCampaign],
) -> str | None:
    if not ranked and findings.seen:
        return (
            "the user has engaged with every candidate campaign; "
            "exclude_seen=false ranks those as well"
        )
    if strategy is Strategy.HYBRID:
        return None
    if known_user is False:
        return "the release has no messages of this user: popular campaigns for everybody"
    return "nothing personal could be found for this user: popular campaigns for everybody"


def _item(
    rank: int,
    campaign: RankedCampaign,
    explainer: Explainer,
    sources: Mapping[str, MessageSource],
) -> RecommendationItem:
    return RecommendationItem(
        rank=rank,
        campaign_id=campaign.campaign_id,
        score=float(campaign.score),
        score_parts=[
            ScorePartReply(
                name=part.name,
                weight=float(part.weight),
                value=float(part.value),
                contribution=float(part.contribution),
            )
            for part in campaign.parts
        ],
        already_engaged=campaign.already_engaged,
        explanation=explainer.explain(campaign.campaign_id, sources),
    )

"""Makes one reply: retrieve, score, filter, order, take a page, explain."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.messages.schemas import MessageSource
from mpp_api.paging.cursor import list_key
from mpp_api.recommendations import strategies
from mpp_api.recommendations.diversity import DIVERSIFIED, diversified
from mpp_api.recommendations.explanation import Explainer
from mpp_api.recommendations.filters import wanted
from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.fusion import ScoredCampaign
from mpp_api.recommendations.notices import known_user, notice
from mpp_api.recommendations.pagination import Page, page_of
from mpp_api.recommendations.recency import RecencyDecay
from mpp_api.recommendations.requests import RecommendationRequest
from mpp_api.recommendations.retrieval import Retrieval
from mpp_api.recommendations.schemas import (
    CampaignSummary,
    RecommendationItem,
    RecommendationReply,
    ScorePartReply,
)
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.stores import Stores


@dataclass(frozen=True, slots=True)
class Answering:
    """One question, answered from one release for one UTC day. `reply` is for once."""

    request: RecommendationRequest
    served: ServedRelease
    stores: Stores
    embedder: TextEmbedder
    legs: Legs
    on: date

    async def reply(self) -> RecommendationReply:
        request, served, legs = self.request, self.served, self.legs
        not_running = served.catalog.not_running(self.on)
        retrieval = Retrieval(
            served, self.stores, self.embedder, legs, not_running, explains=request.explain
        )
        findings = await retrieval.find(request.user_id, request.texts)
        evidence = findings.evidence.about(lambda campaign_id: campaign_id not in not_running)
        strategy = strategies.choose(
            evidence,
            knows_user=findings.knows_user,
            near_texts=findings.vector.near_texts,
            has_text=request.text is not None,
        )
        decay = RecencyDecay(served.release.data_through, served.ranking.recency_half_life_days)
        seen = findings.seen or frozenset()
        scored = strategies.score(strategy, evidence, served.ranking, decay, seen)
        ordered, diversity = await self._ordered(wanted(scored, request, seen, served.catalog))
        page = page_of(
            ordered,
            limit=request.limit,
            cursor=request.cursor,
            key=list_key("recommendations", served.release.release_id),
            left_out=findings.table.dismissed,
        )
        items = await self._items(page, findings, decay)
        return RecommendationReply(
            user_id=request.user_id,
            strategy=strategy,
            known_user=known_user(request, findings, legs),
            limit=request.limit,
            exclude_seen=request.exclude_seen,
            on=self.on,
            diversity=diversity,
            release=ReleaseReply.of(served, generated_at := datetime.now(UTC)),
            generated_at=generated_at,
            missing_legs=legs.missing,
            notice=notice(
                request, strategy, findings, legs, passing=None if items else self._passing(scored)
            ),
            next_cursor=page.next_cursor,
            items=items,
        )

    def _passing(self, scored: Iterable[ScoredCampaign]) -> Set[str]:
        """The campaigns that pass the filters, whether or not the user has seen them."""
        options = self.request.model_copy(update={"exclude_seen": False})
        passing = wanted(scored, options, frozenset(), self.served.catalog)
        return {campaign.campaign_id for campaign in passing}

    async def _ordered(
        self, ranked: Sequence[ScoredCampaign]
    ) -> tuple[Iterable[ScoredCampaign], float]:
        """The list, and the diversity that it has."""
        asked = self.request.diversity
        diversity = self.served.ranking.diversity if asked is None else asked
        if diversity == 0 or not ranked:
            return ranked, diversity
        profiles = await self.legs.run(
            Leg.VECTOR,
            "read the profiles of the candidates",
            lambda: self.stores.vectors.campaign_profiles(
                materialization=self.served.contents.campaign_profiles,
                campaign_ids=[campaign.campaign_id for campaign in ranked[:DIVERSIFIED]],
            ),
        )
        if profiles is None:
            return ranked, 0.0
        vectors = {profile.campaign_id: profile.embedding for profile in profiles}
        return diversified(ranked, vectors, diversity), diversity

    async def _items(
        self, page: Page, findings: Findings, decay: RecencyDecay
    ) -> list[RecommendationItem]:
        explainer = Explainer(findings, decay) if self.request.explain else None
        sources = await self._message_sources(explainer, page.items)
        return [
            self._item(rank, campaign, findings.seen, explainer, sources)
            for rank, campaign in enumerate(page.items, start=page.first_rank)
        ]

    def _item(
        self,
        rank: int,
        scored: ScoredCampaign,
        seen: frozenset[str] | None,
        explainer: Explainer | None,
        sources: Mapping[str, MessageSource],
    ) -> RecommendationItem:
        campaign = self.served.catalog.campaign(scored.campaign_id)
        return RecommendationItem(
            rank=rank,
            campaign_id=scored.campaign_id,
            score=float(scored.score),
            score_parts=[
                ScorePartReply(
                    name=part.name,
                    weight=float(part.weight),
                    value=float(part.value),
                    contribution=float(part.contribution),
                )
                for part in scored.parts
            ],
            already_engaged=None if seen is None else scored.campaign_id in seen,
            campaign=CampaignSummary.model_validate(campaign),
            explanation=explainer and explainer.explain(scored.campaign_id, campaign.name, sources),
        )

    async def _message_sources(
        self, explainer: Explainer | None, cited: Sequence[ScoredCampaign]
    ) -> Mapping[str, MessageSource]:
        if explainer is None:
            return {}
        message_ids = [
            message_id
            for campaign in cited
            for message_id in explainer.cited_message_ids(campaign.campaign_id)
        ]
        if not message_ids:
            return {}
        documents = await self.legs.run(
            Leg.DOCUMENT,
            "read the sources of the cited messages",
            lambda: self.stores.documents.messages(
                message_ids, materializations=self.served.contents.documents
            ),
        )
        return {
            document.message_id: MessageSource(batch=document.batch, position=document.position)
            for document in documents or ()
        }

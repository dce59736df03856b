"""Says why a campaign is recommended, citing only what the stores hold."""

from collections.abc import Iterable, Mapping, Sequence

from mpp_api.campaigns.schemas import CampaignFigures
from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.ranking import MESSAGES_PER_CAMPAIGN
from mpp_api.recommendations.schemas import (
    Explanation,
    GraphEvidence,
    MessageEvidence,
    MessageSource,
    SimilarUserEvidence,
)
from mpp_stores.records import CoEngagement, SimilarMessage

SIMILAR_USERS_CITED = 3
QUOTE_CHARACTERS = 80


class Explainer:
    """Looks up, for any campaign, the evidence among one user's findings."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._similarity = {user.user_id: user.similarity for user in findings.vector.similar_users}
        self._walks = {walk.campaign_id: walk for walk in findings.graph.co_engagements}
        self._message_counts = {
            (edge.user_id, edge.campaign_id): edge.message_count
            for edge in findings.graph.engagement
        }
        self._performances = {
            performance.campaign_id: performance for performance in findings.table.performances
        }

    def cited_messages(self, campaign_id: str) -> Sequence[SimilarMessage]:
        about = [
            message
            for message in self._findings.vector.messages
            if message.campaign_id == campaign_id
        ]
        about.sort(key=lambda message: (-message.similarity, message.message_id))
        return about[:MESSAGES_PER_CAMPAIGN]

    def explain(self, campaign_id: str, sources: Mapping[str, MessageSource]) -> Explanation:
        """`sources` by message_id, for as many of the cited messages as MongoDB knew."""
        engaged = self._engaged_neighbours(campaign_id)
        messages = [
            MessageEvidence(
                message_id=message.message_id,
                user_id=message.user_id,
                text=message.text,
                sent_at=message.sent_at,
                similarity=_rounded(message.similarity),
                source=sources.get(message.message_id),
            )
            for message in self.cited_messages(campaign_id)
        ]
        graph = self._graph_evidence(campaign_id)
        campaign = self._campaign_figures(campaign_id)
        reasons = [
            *_similar_users_reason(engaged, len(self._similarity)),
            *_graph_reason(self._walks.get(campaign_id)),
            *_messages_reason(messages),
            *_campaign_reason(campaign),
        ]
        return Explanation(
            text=f"{campaign_id}: {'; '.join(reasons)}.",
            similar_users=engaged[:SIMILAR_USERS_CITED],
            messages=messages,
            graph=graph,
            campaign=campaign,
        )

    def _engaged_neighbours(self, campaign_id: str) -> list[SimilarUserEvidence]:
        engaged = [
            SimilarUserEvidence(
                user_id=edge.user_id,
                similarity=_rounded(self._similarity[edge.user_id]),
                message_count=edge.message_count,
            )
            for edge in self._findings.vector.neighbour_engagement
            if edge.campaign_id == campaign_id
        ]
        return sorted(engaged, key=lambda user: (-user.similarity, user.user_id))

    def _campaign_figures(self, campaign_id: str) -> CampaignFigures | None:
        performance = self._performances.get(campaign_id)
        if performance is None:
            return None
        return CampaignFigures.model_validate(performance)

    def _graph_evidence(self, campaign_id: str) -> GraphEvidence | None:
        walk = self._walks.get(campaign_id)
        if walk is None:
            return None
        user_id = self._findings.user_id
        hops = [
            (user_id, walk.shared_campaign_id),
            (walk.peer_id, walk.shared_campaign_id),
            (walk.peer_id, campaign_id),
        ]
        return GraphEvidence(
            path=[
                user_id,
                "ENGAGED_WITH",
                walk.shared_campaign_id,
                "ENGAGED_WITH",
                walk.peer_id,
                "ENGAGED_WITH",
                campaign_id,
            ],
            message_counts=[self._message_counts.get(hop) for hop in hops],
            peer_count=walk.peer_count,
            path_count=walk.path_count,
            weight=_rounded(walk.weight),
        )


def _similar_users_reason(engaged: Sequence[SimilarUserEvidence], among: int) -> Iterable[str]:
    if engaged:
        closest = engaged[0]
        yield (
            f"{len(engaged)} of the {_plural(among, 'most similar user')} engaged with it "
            f"(closest: {closest.user_id}, similarity {closest.similarity:.2f})"
        )


def _graph_reason(walk: CoEngagement | None) -> Iterable[str]:
    if walk is not None:
        yield (
            f"{_plural(walk.peer_count, 'user')} sharing a campaign with this one engaged with it "
            f"(strongest: {walk.peer_id}, through {walk.shared_campaign_id})"
        )


def _messages_reason(messages: Sequence[MessageEvidence]) -> Iterable[str]:
    if messages:
        nearest = messages[0]
        yield f"nearest message: “{_quote(nearest.text)}” (similarity {nearest.similarity:.2f})"


def _campaign_reason(campaign: CampaignFigures | None) -> Iterable[str]:
    if campaign is not None:
        yield (
            f"{_plural(campaign.message_count, 'message')} from "
            f"{_plural(campaign.user_count, 'user')}, {campaign.recent_message_count} recent, "
            f"performance {campaign.performance_score:.2f}"
        )


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_CHARACTERS else f"{line[: QUOTE_CHARACTERS - 1].rstrip()}…"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rounded(value: float) -> float:
    return round(value, 4)

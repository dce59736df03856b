"""Says why a campaign is recommended, citing only what the stores hold."""

from collections.abc import Iterable, Mapping, Sequence

from mpp_api.campaigns.schemas import CampaignFigures
from mpp_api.messages.schemas import MessageSource
from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.recency import RecencyDecay
from mpp_api.recommendations.schemas import (
    Explanation,
    GraphEvidence,
    MessageEvidence,
    SimilarUserEvidence,
    TopicEvidence,
)
from mpp_api.recommendations.values import MessageStrength, strongest_messages
from mpp_stores.records import CoEngagement

SIMILAR_USERS_CITED = 3
QUOTE_CHARACTERS = 80


class Explainer:
    """Looks up, for any campaign, the evidence among one question's findings."""

    def __init__(self, findings: Findings, decay: RecencyDecay) -> None:
        self._findings = findings
        self._messages = strongest_messages(findings.vector.messages, decay)
        self._similarity = {user.user_id: user.similarity for user in findings.vector.similar_users}
        self._topics = {topic.campaign_id: topic for topic in findings.vector.topics}
        self._walks = {walk.campaign_id: walk for walk in findings.graph.co_engagements}
        self._message_counts = {
            (edge.user_id, edge.campaign_id): edge.message_count
            for edge in (*(findings.graph.own or ()), *findings.graph.of_peers)
        }

    def cited_message_ids(self, campaign_id: str) -> list[str]:
        return [each.message.message_id for each in self._cited_messages(campaign_id)]

    def explain(
        self, campaign_id: str, name: str, sources: Mapping[str, MessageSource]
    ) -> Explanation:
        """`sources` by message_id, for as many of the cited messages as MongoDB knew."""
        engaged = self._engaged_neighbours(campaign_id)
        messages = [
            MessageEvidence(
                message_id=each.message.message_id,
                user_id=each.message.user_id,
                text=each.message.text,
                sent_at=each.message.sent_at,
                similarity=_rounded(each.message.similarity),
                recency=_rounded(each.recency),
                source=sources.get(each.message.message_id),
            )
            for each in self._cited_messages(campaign_id)
        ]
        topic = self._topic_evidence(campaign_id)
        performance = self._figures(campaign_id)
        reasons = [
            *_similar_users_reason(engaged, len(self._similarity)),
            *_graph_reason(self._walks.get(campaign_id)),
            *_messages_reason(messages),
            *_topic_reason(topic),
            *_performance_reason(performance),
        ]
        return Explanation(
            text=f"{name}: {'; '.join(reasons)}.",
            similar_users=engaged[:SIMILAR_USERS_CITED],
            messages=messages,
            topic=topic,
            graph=self._graph_evidence(campaign_id),
            performance=performance,
        )

    def _cited_messages(self, campaign_id: str) -> Sequence[MessageStrength]:
        return self._messages.get(campaign_id, ())

    def _engaged_neighbours(self, campaign_id: str) -> list[SimilarUserEvidence]:
        engaged = [
            SimilarUserEvidence(
                user_id=edge.user_id,
                similarity=_rounded(self._similarity[edge.user_id]),
                message_count=edge.message_count,
                last_at=edge.last_at,
            )
            for edge in self._findings.vector.neighbour_engagement
            if edge.campaign_id == campaign_id
        ]
        return sorted(engaged, key=lambda user: (-user.similarity, user.user_id))

    def _topic_evidence(self, campaign_id: str) -> TopicEvidence | None:
        topic = self._topics.get(campaign_id)
        return TopicEvidence(similarity=_rounded(topic.similarity)) if topic else None

    def _figures(self, campaign_id: str) -> CampaignFigures | None:
        performance = self._findings.performances.get(campaign_id)
        return CampaignFigures.model_validate(performance) if performance else None

    def _graph_evidence(self, campaign_id: str) -> GraphEvidence | None:
        walk, user_id = self._walks.get(campaign_id), self._findings.user_id
        if walk is None or user_id is None:
            return None
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
            f"{walk.peer_count} of the users whose campaigns overlap most with this one's "
            f"engaged with it (strongest: {walk.peer_id}, through {walk.shared_campaign_id})"
        )


def _messages_reason(messages: Sequence[MessageEvidence]) -> Iterable[str]:
    if messages:
        strongest = messages[0]
        yield (
            f"strongest message: “{_quote(strongest.text)}” (similarity "
            f"{strongest.similarity:.2f}, {strongest.sent_at.date()})"
        )


def _topic_reason(topic: TopicEvidence | None) -> Iterable[str]:
    if topic is not None:
        yield f"all that is written about it is {topic.similarity:.2f} similar"


def _performance_reason(performance: CampaignFigures | None) -> Iterable[str]:
    if performance is not None:
        yield (
            f"{_plural(performance.message_count, 'message')} from "
            f"{_plural(performance.user_count, 'user')}, {performance.recent_message_count} "
            f"recent, performance {performance.performance_score:.2f}"
        )


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_CHARACTERS else f"{line[: QUOTE_CHARACTERS - 1].rstrip()}…"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _rounded(value: float) -> float:
    return round(value, 4)

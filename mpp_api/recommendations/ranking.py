"""Ranks campaigns for one user by weighted linear fusion. Pure: no I/O, no clock.

Every candidate gets one value in [0, 1] from each kind of evidence, and its
score is the weighted sum of the values (CombSUM with weights; Fox & Shaw,
"Combination of Multiple Searches", TREC-2, 1994). Values that have no natural
scale are divided by the strongest candidate's (Lee, "Analyses of Multiple
Evidence Combination", SIGIR 1997); strongest among those the user has not
engaged with, since a user's own campaigns would dwarf every new one. They are
capped at 1.

- similar_users: each neighbour's engagement with the campaign (its messages
  there / its messages in its busiest campaign), weighted by the similarity of
  the profiles and summed; relative to the strongest.
- graph: weight of the walk user - shared campaign - peer - campaign; relative
  to the strongest.
- messages: mean similarity of the MESSAGES_PER_CAMPAIGN nearest messages about
  the campaign, an absent message counting 0.
- performance: the campaign's performance_score.

A campaign's score does not depend on `exclude_seen` or `limit`. A missing leg's value is 0 and the
other weights stay as they are: a degraded score is then lower, never inflated,
and the parts keep their meaning.

Values are rounded to four decimals and weights have two, so that value times
weight, and the sum of those, are exact in six decimals.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from heapq import nlargest
from typing import Final

from mpp_stores.records import (
    CampaignPerformance,
    CoEngagement,
    EngagedWith,
    SimilarMessage,
    SimilarUser,
)

MESSAGES_PER_CAMPAIGN: Final = 3
_VALUE_STEP: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts. Two decimals each; they sum to 1."""

    similar_users: Decimal = Decimal("0.40")
    graph: Decimal = Decimal("0.25")
    messages: Decimal = Decimal("0.20")
    performance: Decimal = Decimal("0.15")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the legs found for one user. A leg that did not answer leaves its fields empty."""

    similar_users: Sequence[SimilarUser] = ()
    neighbour_engagement: Sequence[EngagedWith] = ()
    messages: Sequence[SimilarMessage] = ()
    co_engagements: Sequence[CoEngagement] = ()
    performances: Sequence[CampaignPerformance] = ()

    @property
    def is_personal(self) -> bool:
        """Whether anything but popularity tells the candidates apart."""
        return bool(self.neighbour_engagement or self.messages or self.co_engagements)


@dataclass(frozen=True, slots=True)
class ScorePart:
    name: str
    weight: Decimal
    value: Decimal

    @property
    def contribution(self) -> Decimal:
        return self.weight * self.value


@dataclass(frozen=True, slots=True)
class RankedCampaign:
    campaign_id: str
    parts: tuple[ScorePart, ...]
    already_engaged: bool

    @property
    def score(self) -> Decimal:
        return sum((part.contribution for part in self.parts), Decimal(0))


def rank_personal(
    evidence: Evidence,
    *,
    seen: Set[str],
    exclude_seen: bool,
    limit: int,
    weights: Weights | None = None,
) -> list[RankedCampaign]:
    """The best `limit` candidates of all legs; equal scores in order of campaign_id."""
    weights = weights or Weights()
    valued = [
        ("similar_users", weights.similar_users, _similar_users_values(evidence, seen)),
        ("graph", weights.graph, _graph_values(evidence.co_engagements, seen)),
        ("messages", weights.messages, _messages_values(evidence.messages)),
        ("performance", weights.performance, _performance_values(evidence.performances)),
    ]
    return _best(valued, seen=seen, exclude_seen=exclude_seen, limit=limit)


def rank_popular(
    performances: Sequence[CampaignPerformance],
    *,
    seen: Set[str],
    exclude_seen: bool,
    limit: int,
) -> list[RankedCampaign]:
    """The same for everybody: the score is the performance_score alone."""
    valued = [("performance", Decimal("1.00"), _performance_values(performances))]
    return _best(valued, seen=seen, exclude_seen=exclude_seen, limit=limit)


def _best(
    valued: Sequence[tuple[str, Decimal, Mapping[str, float]]],
    *,
    seen: Set[str],
    exclude_seen: bool,
    limit: int,
) -> list[RankedCampaign]:
    candidates = {campaign_id for _, _, values in valued for campaign_id in values}
    ranked = [
        RankedCampaign(
            campaign_id,
            tuple(
                ScorePart(name, weight, _rounded(values.get(campaign_id, 0.0)))
                for name, weight, values in valued
            ),
            already_engaged=campaign_id in seen,
        )
        for campaign_id in candidates
        if not (exclude_seen and campaign_id in seen)
    ]
    ranked.sort(key=lambda campaign: (-campaign.score, campaign.campaign_id))
    return ranked[:limit]


def _similar_users_values(evidence: Evidence, seen: Set[str]) -> dict[str, float]:
    similarity = {user.user_id: max(user.similarity, 0.0) for user in evidence.similar_users}
    busiest: dict[str, int] = defaultdict(int)
    for edge in evidence.neighbour_engagement:
        busiest[edge.user_id] = max(busiest[edge.user_id], edge.message_count)
    mass: dict[str, float] = defaultdict(float)
    for edge in evidence.neighbour_engagement:
        share = edge.message_count / busiest[edge.user_id]
        mass[edge.campaign_id] += similarity.get(edge.user_id, 0.0) * share
    return _relative_to_strongest(mass, seen)


def _graph_values(walks: Iterable[CoEngagement], seen: Set[str]) -> dict[str, float]:
    return _relative_to_strongest({walk.campaign_id: walk.weight for walk in walks}, seen)


def _messages_values(messages: Iterable[SimilarMessage]) -> dict[str, float]:
    similarities: dict[str, list[float]] = defaultdict(list)
    for message in messages:
        similarities[message.campaign_id].append(max(message.similarity, 0.0))
    return {
        campaign_id: sum(nlargest(MESSAGES_PER_CAMPAIGN, found)) / MESSAGES_PER_CAMPAIGN
        for campaign_id, found in similarities.items()
    }


def _performance_values(performances: Iterable[CampaignPerformance]) -> dict[str, float]:
    return {campaign.campaign_id: campaign.performance_score for campaign in performances}


def _relative_to_strongest(mass: Mapping[str, float], seen: Set[str]) -> dict[str, float]:
    strongest = max((mass[campaign_id] for campaign_id in mass.keys() - seen), default=0.0)
    if strongest <= 0:
        strongest = max(mass.values(), default=0.0)
    if strongest <= 0:
        return dict.fromkeys(mass, 0.0)
    return {campaign_id: min(value / strongest, 1.0) for campaign_id, value in mass.items()}


def _rounded(value: float) -> Decimal:
    return Decimal(min(max(value, 0.0), 1.0)).quantize(_VALUE_STEP)

"""How an answer is found, depending on what is known: each strategy fuses other evidence."""

from collections.abc import Set
from decimal import Decimal

from pydantic import BaseModel

from mpp_api.recommendations import values
from mpp_api.recommendations.fusion import Kind, ScoredCampaign, fuse
from mpp_api.recommendations.recency import RecencyDecay
from mpp_api.recommendations.strategy import Strategy
from mpp_api.recommendations.values import Evidence
from mpp_stores.ranking import RankingConfiguration


def choose(evidence: Evidence, *, knows_user: bool, near_texts: bool, has_text: bool) -> Strategy:
    """The most personal one that the evidence allows."""
    if not evidence.tells_candidates_apart:
        return Strategy.TRENDING
    if knows_user:
        return Strategy.HYBRID
    if not near_texts:
        return Strategy.TRENDING
    return Strategy.TEXT if has_text else Strategy.SESSION


def score(
    strategy: Strategy,
    evidence: Evidence,
    ranking: RankingConfiguration,
    decay: RecencyDecay,
    seen: Set[str],
) -> list[ScoredCampaign]:
    """Every candidate, best first. A score depends on no filter of the question: `seen` only
    says whose strength the others' is relative to."""
    by_name = {
        "similar_users": lambda: values.of_similar_users(evidence, decay, seen),
        "graph": lambda: values.of_graph(evidence.co_engagements, seen),
        "messages": lambda: values.of_messages(evidence.messages, decay),
        "topic": lambda: values.of_topics(evidence.topics),
        "recent_messages": lambda: values.of_recent_messages(evidence.performances, seen),
        "performance": lambda: values.of_performance(evidence.performances),
    }
    return fuse(
        [Kind(name, weight, by_name[name]()) for name, weight in _weights(strategy, ranking)]
    )


def _weights(strategy: Strategy, ranking: RankingConfiguration) -> list[tuple[str, Decimal]]:
    """The kinds of evidence that the strategy fuses, by name, in the order they are listed."""
    weights: BaseModel
    match strategy:
        case Strategy.HYBRID:
            weights = ranking.weights
        case Strategy.TEXT | Strategy.SESSION:
            weights = ranking.cold_start_weights
        case Strategy.TRENDING:
            weights = ranking.trending_weights
    return list(weights)

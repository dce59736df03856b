from decimal import Decimal

import pytest

from mpp_api.recommendations.strategies import choose, score
from mpp_api.recommendations.strategy import Strategy
from mpp_api.recommendations.values import Evidence
from mpp_stores.ranking import RankingConfiguration, TrendingWeights, Weights
from mpp_stores.records import SimilarCampaign
from tests.api.recommendations.evidence import DECAY, message, performing, reached

RANKING = RankingConfiguration()
EVIDENCE = Evidence(
    messages=[message("shoes", 0.6)],
    topics=[SimilarCampaign("shoes", 0.5)],
    co_engagements=[reached("hats", 0.7)],
    performances=[performing("shoes", 0.2, 8), performing("hats", 0.4, 2)],
)
THE_SAME_FOR_EVERYBODY = Evidence(performances=EVIDENCE.performances)


@pytest.mark.parametrize(
    ("evidence", "knows_user", "near_texts", "has_text", "strategy"),
    [
        (EVIDENCE, True, False, False, Strategy.HYBRID),
        (EVIDENCE, True, True, True, Strategy.HYBRID),
        (EVIDENCE, False, True, True, Strategy.TEXT),
        (EVIDENCE, False, True, False, Strategy.SESSION),
        (EVIDENCE, False, False, False, Strategy.TRENDING),
        (THE_SAME_FOR_EVERYBODY, True, False, False, Strategy.TRENDING),
        (THE_SAME_FOR_EVERYBODY, False, True, True, Strategy.TRENDING),
    ],
)
def test_the_most_personal_strategy_is_chosen(
    evidence: Evidence, knows_user: bool, near_texts: bool, has_text: bool, strategy: Strategy
) -> None:
    chosen = choose(evidence, knows_user=knows_user, near_texts=near_texts, has_text=has_text)
    assert chosen is strategy


@pytest.mark.parametrize(
    ("strategy", "names"),
    [
        (Strategy.HYBRID, ["similar_users", "graph", "messages", "topic", "performance"]),
        (Strategy.TEXT, ["messages", "topic", "performance"]),
        (Strategy.SESSION, ["messages", "topic", "performance"]),
        (Strategy.TRENDING, ["recent_messages", "performance"]),
    ],
)
def test_each_strategy_fuses_its_own_evidence_by_weights_that_sum_to_one(
    strategy: Strategy, names: list[str]
) -> None:
    for campaign in score(strategy, EVIDENCE, RANKING, DECAY, frozenset()):
        assert [part.name for part in campaign.parts] == names
        assert sum(part.weight for part in campaign.parts) == 1


def test_the_weights_are_the_release_s() -> None:
    ranking = RankingConfiguration(
        trending_weights=TrendingWeights(recent_messages=Decimal(1), performance=Decimal(0))
    )
    trending = score(Strategy.TRENDING, EVIDENCE, ranking, DECAY, frozenset())
    scores = {each.campaign_id: each.score for each in trending}
    assert scores == {"shoes": Decimal(1), "hats": Decimal("0.25")}


def test_a_missing_leg_lowers_scores_and_leaves_the_other_parts_alone() -> None:
    without_graph = Evidence(
        messages=EVIDENCE.messages, topics=EVIDENCE.topics, performances=EVIDENCE.performances
    )
    complete, lesser = (
        {
            campaign.campaign_id: campaign
            for campaign in score(Strategy.HYBRID, evidence, RANKING, DECAY, frozenset())
        }
        for evidence in (EVIDENCE, without_graph)
    )
    assert lesser["shoes"] == complete["shoes"]
    assert complete["hats"].score - lesser["hats"].score == Weights().graph

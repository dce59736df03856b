"""The ranking alone: no stores, no clock."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from mpp_api.recommendations.ranking import (
    Evidence,
    RankedCampaign,
    Weights,
    rank_personal,
    rank_popular,
)
from mpp_stores.records import (
    CampaignPerformance,
    CoEngagement,
    EngagedWith,
    SimilarMessage,
    SimilarUser,
)

AT = datetime(1999, 3, 1, tzinfo=UTC)


def engaged(user_id: str, campaign_id: str, message_count: int = 1) -> EngagedWith:
    return EngagedWith(user_id, campaign_id, message_count, 1, AT, AT)


def message(campaign_id: str, similarity: float, message_id: str = "m") -> SimilarMessage:
    return SimilarMessage(message_id, "peer", campaign_id, "text", AT, similarity)


def reached(campaign_id: str, weight: float) -> CoEngagement:
    return CoEngagement(campaign_id, 1, 1, weight, "shared", "peer")


def performing(campaign_id: str, score: float) -> CampaignPerformance:
    return CampaignPerformance(campaign_id, 5, 2, 3, 2.5, 0.5, 1, AT, AT, score)


EVIDENCE = Evidence(
    similar_users=[SimilarUser("near", 0.9), SimilarUser("far", 0.3), SimilarUser("odd", -0.2)],
    neighbour_engagement=[
        engaged("near", "shoes", 4),
        engaged("near", "hats", 1),
        engaged("far", "hats", 2),
        engaged("odd", "socks", 9),
    ],
    messages=[message("shoes", 0.8), message("shoes", 0.7), message("hats", 0.33333)],
    co_engagements=[reached("hats", 0.7), reached("socks", 0.21)],
    performances=[performing("shoes", 0.123456), performing("hats", 0.5), performing("bags", 1)],
)


def rank(evidence: Evidence = EVIDENCE, **options: object) -> list[RankedCampaign]:
    asked = {"seen": frozenset(), "exclude_seen": True, "limit": 10} | options
    return rank_personal(evidence, **asked)  # type: ignore[arg-type]


def values(campaign: RankedCampaign) -> dict[str, float]:
    return {part.name: float(part.value) for part in campaign.parts}


def by_id(ranked: list[RankedCampaign]) -> dict[str, RankedCampaign]:
    return {campaign.campaign_id: campaign for campaign in ranked}


def test_every_campaign_of_any_leg_is_a_candidate() -> None:
    assert set(by_id(rank())) == {"shoes", "hats", "socks", "bags"}


def test_parts_add_up_to_the_score_exactly_as_printed() -> None:
    for campaign in rank():
        contributions = [Decimal(str(float(part.contribution))) for part in campaign.parts]
        assert sum(contributions) == Decimal(str(float(campaign.score)))
        for part in campaign.parts:
            weight, value = Decimal(str(float(part.weight))), Decimal(str(float(part.value)))
            assert weight * value == Decimal(str(float(part.contribution)))


def test_the_default_weights_sum_to_one() -> None:
    weights = Weights()
    assert weights.similar_users + weights.graph + weights.messages + weights.performance == 1


def test_neighbours_count_by_similarity_and_by_their_share_of_attention() -> None:
    ranked = by_id(rank())
    # shoes: 0.9 x 4/4; hats: 0.9 x 1/4 + 0.3 x 2/2; relative to shoes.
    assert values(ranked["shoes"])["similar_users"] == 1
    assert values(ranked["hats"])["similar_users"] == pytest.approx(0.525 / 0.9, abs=1e-4)


def test_a_dissimilar_neighbour_counts_nothing() -> None:
    assert values(by_id(rank())["socks"])["similar_users"] == 0


def test_walk_weights_are_relative_to_the_strongest() -> None:
    ranked = by_id(rank())
    assert values(ranked["hats"])["graph"] == 1
    assert values(ranked["socks"])["graph"] == 0.3


def test_messages_that_are_absent_count_nothing() -> None:
    assert values(by_id(rank())["shoes"])["messages"] == 0.5  # (0.8 + 0.7 + nothing) / 3


def test_only_the_three_nearest_messages_count() -> None:
    few = rank(Evidence(messages=[message("shoes", 0.6)] * 3))
    many = rank(Evidence(messages=[message("shoes", 0.6)] * 9))
    assert values(few[0]) == values(many[0])


def test_the_best_score_comes_first() -> None:
    scores = [campaign.score for campaign in rank()]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_equal_scores_come_in_order_of_campaign_id() -> None:
    tied = Evidence(performances=[performing(name, 0.5) for name in ("c", "a", "b")])
    assert [campaign.campaign_id for campaign in rank(tied)] == ["a", "b", "c"]


def test_the_limit_keeps_the_best() -> None:
    assert rank(limit=2) == rank()[:2]


def test_seen_campaigns_are_left_out() -> None:
    assert "shoes" not in by_id(rank(seen={"shoes"}))


def test_seen_campaigns_are_marked_when_asked_for() -> None:
    ranked = rank(seen={"shoes"}, exclude_seen=False)
    assert {c.campaign_id for c in ranked if c.already_engaged} == {"shoes"}


def test_leaving_out_seen_campaigns_changes_no_other_score() -> None:
    kept = by_id(rank(seen={"shoes"}, exclude_seen=False))
    for campaign in rank(seen={"shoes"}):
        assert campaign == kept[campaign.campaign_id]


def test_own_campaigns_do_not_dwarf_new_ones() -> None:
    ranked = by_id(rank(seen={"hats"}, exclude_seen=False))
    assert values(ranked["socks"])["graph"] == 1
    assert values(ranked["hats"])["graph"] == 1


def test_a_missing_leg_lowers_scores_and_leaves_the_other_parts_alone() -> None:
    without_graph = Evidence(
        similar_users=EVIDENCE.similar_users,
        neighbour_engagement=EVIDENCE.neighbour_engagement,
        messages=EVIDENCE.messages,
        performances=EVIDENCE.performances,
    )
    hats, lesser_hats = by_id(rank())["hats"], by_id(rank(without_graph))["hats"]
    assert values(lesser_hats) == values(hats) | {"graph": 0}
    assert lesser_hats.score == hats.score - Weights().graph


def test_popular_campaigns_score_their_performance() -> None:
    ranked = rank_popular(EVIDENCE.performances, seen=frozenset(), exclude_seen=True, limit=2)
    assert [(c.campaign_id, float(c.score)) for c in ranked] == [("bags", 1.0), ("hats", 0.5)]


def test_no_evidence_ranks_nothing() -> None:
    assert rank(Evidence()) == []

from decimal import Decimal

from mpp_api.recommendations.fusion import Kind, ScoredCampaign, fuse

KINDS = [
    Kind("messages", Decimal("0.65"), {"shoes": 0.123456, "hats": 0.99999}),
    Kind("topic", Decimal("0.35"), {"shoes": 1.0, "bags": 0.33333}),
]


def by_id(scored: list[ScoredCampaign]) -> dict[str, ScoredCampaign]:
    return {campaign.campaign_id: campaign for campaign in scored}


def test_every_campaign_of_any_kind_is_a_candidate() -> None:
    assert set(by_id(fuse(KINDS))) == {"shoes", "hats", "bags"}


def test_parts_add_up_to_the_score_exactly_as_printed() -> None:
    for campaign in fuse(KINDS):
        contributions = [Decimal(str(float(part.contribution))) for part in campaign.parts]
        assert sum(contributions) == Decimal(str(float(campaign.score)))
        for part in campaign.parts:
            weight, value = Decimal(str(float(part.weight))), Decimal(str(float(part.value)))
            assert weight * value == Decimal(str(float(part.contribution)))


def test_an_absent_value_is_nothing_and_the_other_weights_stay() -> None:
    both, one = by_id(fuse(KINDS))["shoes"], by_id(fuse(KINDS[:1]))["shoes"]
    assert both.score - one.score == Decimal("0.35")
    assert [part.value for part in by_id(fuse(KINDS))["hats"].parts] == [1, 0]


def test_the_best_score_comes_first() -> None:
    scores = [campaign.score for campaign in fuse(KINDS)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_equal_scores_come_in_order_of_campaign_id() -> None:
    tied = fuse([Kind("topic", Decimal(1), dict.fromkeys("cab", 0.5))])
    assert [campaign.campaign_id for campaign in tied] == ["a", "b", "c"]


def test_no_evidence_ranks_nothing() -> None:
    assert fuse([Kind("topic", Decimal(1), {})]) == []

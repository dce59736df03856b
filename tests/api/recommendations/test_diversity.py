from itertools import islice

import numpy as np

from mpp_api.recommendations.diversity import DIVERSIFIED, diversified
from mpp_stores.records import EMBEDDING_DIMENSION
from tests.api.recommendations.evidence import scored

RANKED = [scored("boots", "0.9"), scored("shoes", "0.8"), scored("lamps", "0.5")]


def at_angle(degrees: float) -> list[float]:
    vector = np.zeros(EMBEDDING_DIMENSION)
    vector[:2] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector.tolist()


# Boots and shoes are nearly the same, lamps are something else.
PROFILES = {"boots": at_angle(0), "shoes": at_angle(10), "lamps": at_angle(90)}


def order(diversity: float, profiles: dict[str, list[float]] = PROFILES) -> list[str]:
    return [each.campaign_id for each in diversified(RANKED, profiles, diversity)]


def test_without_diversity_the_score_alone_orders() -> None:
    assert order(0) == ["boots", "shoes", "lamps"]


def test_what_resembles_a_listed_campaign_gives_way_to_something_else() -> None:
    assert order(0.5) == ["boots", "lamps", "shoes"]


def test_a_little_diversity_does_not_outweigh_a_much_better_score() -> None:
    assert order(0.1) == ["boots", "shoes", "lamps"]


def test_nothing_is_lost_and_no_score_changes() -> None:
    assert sorted(diversified(RANKED, PROFILES, 0.7), key=RANKED.index) == RANKED


def test_a_campaign_without_a_profile_is_like_no_other() -> None:
    without_shoes = {name: PROFILES[name] for name in ("boots", "lamps")}
    assert order(0.5, without_shoes) == ["boots", "shoes", "lamps"]


def test_by_difference_alone_ties_keep_the_order_of_the_scores() -> None:
    assert order(1, {}) == ["boots", "shoes", "lamps"]


def test_the_start_is_the_same_however_far_the_list_is_taken() -> None:
    start = [each.campaign_id for each in islice(diversified(RANKED, PROFILES, 0.5), 2)]
    assert start == order(0.5)[:2]


def test_beyond_the_best_the_score_alone_orders_however_long_the_list_is() -> None:
    best = [scored(f"boots-{number:03}", "0.9") for number in range(DIVERSIFIED)]
    others = [scored("shoes", "0.8"), scored("lamps", "0.8")]
    profiles = {each.campaign_id: PROFILES["boots"] for each in best} | PROFILES
    ordered = list(diversified([*best, *others], profiles, 0.9))
    assert sorted(ordered[:DIVERSIFIED], key=best.index) == best
    assert ordered[DIVERSIFIED:] == others

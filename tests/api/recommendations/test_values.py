"""What each kind of evidence says of a campaign."""

from datetime import timedelta

import pytest

from mpp_api.recommendations import values
from mpp_api.recommendations.values import Evidence
from mpp_stores.records import SimilarCampaign, SimilarUser
from tests.api.recommendations.evidence import DECAY, NOW, engaged, message, performing, reached

NOTHING: frozenset[str] = frozenset()
HALF_LIFE_AGO = NOW - timedelta(days=DECAY.half_life_days)
NEIGHBOURS = Evidence(
    similar_users=[SimilarUser("near", 0.9), SimilarUser("far", 0.3), SimilarUser("odd", -0.2)],
    neighbour_engagement=[
        engaged("near", "shoes", 4),
        engaged("near", "hats", 1),
        engaged("far", "hats", 2),
        engaged("odd", "socks", 9),
    ],
)


def test_neighbours_count_by_similarity_and_by_their_share_of_attention() -> None:
    found = values.of_similar_users(NEIGHBOURS, DECAY, NOTHING)
    # shoes: 0.9 x 4/4; hats: 0.9 x 1/4 + 0.3 x 2/2; relative to shoes.
    assert found["shoes"] == 1
    assert found["hats"] == pytest.approx(0.525 / 0.9)


def test_a_dissimilar_neighbour_counts_nothing() -> None:
    assert values.of_similar_users(NEIGHBOURS, DECAY, NOTHING)["socks"] == 0


def test_what_a_neighbour_did_long_ago_counts_less() -> None:
    evidence = Evidence(
        similar_users=[SimilarUser("near", 0.9)],
        neighbour_engagement=[
            engaged("near", "shoes", 2),
            engaged("near", "hats", 2, last_at=HALF_LIFE_AGO),
        ],
    )
    assert values.of_similar_users(evidence, DECAY, NOTHING) == pytest.approx(
        {"shoes": 1, "hats": 0.5}
    )


def test_walk_weights_are_relative_to_the_strongest() -> None:
    found = values.of_graph([reached("hats", 0.7), reached("socks", 0.21)], NOTHING)
    assert found == pytest.approx({"hats": 1, "socks": 0.3})


def test_own_campaigns_do_not_dwarf_new_ones() -> None:
    found = values.of_graph([reached("hats", 0.7), reached("socks", 0.21)], {"hats"})
    assert found == {"hats": 1, "socks": 1}


def test_messages_that_are_absent_count_nothing() -> None:
    found = values.of_messages([message("shoes", 0.8), message("shoes", 0.7)], DECAY)
    assert found["shoes"] == pytest.approx(0.5)  # (0.8 + 0.7 + nothing) / 3


def test_only_the_three_strongest_messages_count() -> None:
    few = values.of_messages([message("shoes", 0.6)] * 3, DECAY)
    assert few == values.of_messages([message("shoes", 0.6)] * 9, DECAY)


def test_a_recent_message_outweighs_a_nearer_old_one() -> None:
    old = message("shoes", 0.8, "old", sent_at=HALF_LIFE_AGO)
    recent = message("shoes", 0.6, "recent")
    strongest = values.strongest_messages([old, recent], DECAY)["shoes"]
    assert [each.message for each in strongest] == [recent, old]
    assert [each.strength for each in strongest] == pytest.approx([0.6, 0.4])


def test_equally_strong_messages_come_in_order_of_their_id() -> None:
    tied = [message("shoes", 0.6, message_id) for message_id in ("c", "a", "b")]
    strongest = values.strongest_messages(tied, DECAY)["shoes"]
    assert [each.message.message_id for each in strongest] == ["a", "b", "c"]


def test_a_campaign_about_the_opposite_counts_nothing() -> None:
    topics = [SimilarCampaign("shoes", 0.4), SimilarCampaign("hats", -0.3)]
    assert values.of_topics(topics) == {"shoes": 0.4, "hats": 0}


def test_recent_messages_are_relative_to_the_most() -> None:
    performances = [performing("shoes", 0.1, 8), performing("hats", 0.2, 2)]
    assert values.of_recent_messages(performances, NOTHING) == {"shoes": 1, "hats": 0.25}


def test_where_nothing_was_written_lately_nothing_counts() -> None:
    assert values.of_recent_messages([performing("shoes", 0.1, 0)], NOTHING) == {"shoes": 0}


def test_evidence_about_campaigns_that_are_no_candidates_is_left_out() -> None:
    evidence = Evidence(
        similar_users=NEIGHBOURS.similar_users,
        neighbour_engagement=NEIGHBOURS.neighbour_engagement,
        messages=[message("shoes", 0.5), message("hats", 0.5)],
        topics=[SimilarCampaign("shoes", 0.4), SimilarCampaign("hats", 0.3)],
        co_engagements=[reached("shoes", 0.7), reached("hats", 0.2)],
        performances=[performing("shoes", 0.1), performing("hats", 0.2)],
    )
    left = evidence.about(lambda campaign_id: campaign_id == "hats")
    assert left == Evidence(
        similar_users=evidence.similar_users,
        neighbour_engagement=[engaged("near", "hats", 1), engaged("far", "hats", 2)],
        other_engagement=[engaged("near", "shoes", 4), engaged("odd", "socks", 9)],
        messages=[message("hats", 0.5)],
        topics=[SimilarCampaign("hats", 0.3)],
        co_engagements=[reached("hats", 0.2)],
        performances=[performing("hats", 0.2)],
    )


def test_what_a_neighbour_writes_most_about_takes_attention_though_it_is_no_candidate() -> None:
    evidence = Evidence(
        similar_users=[SimilarUser("ann", 0.5), SimilarUser("bob", 0.5)],
        neighbour_engagement=[
            engaged("ann", "ended", 50),
            engaged("ann", "hats", 1),
            engaged("bob", "tents", 10),
        ],
    )
    running = evidence.about(lambda campaign_id: campaign_id != "ended")
    found = values.of_similar_users(running, DECAY, NOTHING)
    assert found == {"hats": pytest.approx(1 / 50), "tents": 1}

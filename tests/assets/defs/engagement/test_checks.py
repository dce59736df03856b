from mpp_assets.defs.engagement.checks import differing_counts
from mpp_assets.jobs.event_quality import MOST_NAMED


def test_equal_counts_do_not_differ():
    assert differing_counts({"spring": 2, "summer": 1}, {"summer": 1, "spring": 2}) == {}


def test_counts_that_differ_or_are_of_one_side_alone_are_named():
    assert differing_counts(
        {"spring": 2, "summer": 1, "only": 3}, {"spring": 3, "summer": 1, "x": 4}
    ) == {
        "only": {"in_lake": 3, "counted": 0},
        "spring": {"in_lake": 2, "counted": 3},
        "x": {"in_lake": 0, "counted": 4},
    }


def test_of_many_that_differ_the_first_are_named():
    found = differing_counts({f"{number:03}": 1 for number in range(100)}, {})
    assert list(found) == [f"{number:03}" for number in range(MOST_NAMED)]

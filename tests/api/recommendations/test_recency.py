from datetime import timedelta

import pytest

from tests.api.recommendations.evidence import DECAY, NOW


def test_the_last_moment_of_the_release_counts_in_full() -> None:
    assert DECAY.at(NOW) == 1


@pytest.mark.parametrize(("half_lives", "left"), [(1, 0.5), (2, 0.25), (0.5, 0.5**0.5)])
def test_what_is_left_halves_every_half_life(half_lives: float, left: float) -> None:
    assert DECAY.at(NOW - timedelta(days=10 * half_lives)) == pytest.approx(left)


def test_what_was_sent_after_the_last_day_counts_no_more_than_in_full() -> None:
    assert DECAY.at(NOW + timedelta(days=1)) == 1

import pytest

from mpp_api.resilience.retry_budget import (
    MOST_SAVED,
    RETRIES_PER_CALL,
    RETRIES_PER_SECOND,
    RetryBudget,
)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spent(clock: Clock) -> RetryBudget:
    """A budget of which nothing is left."""
    budget = RetryBudget(clock)
    assert sum(budget.spend() for _ in range(1_000)) == MOST_SAVED
    return budget


def test_of_a_thousand_calls_that_fail_at_once_a_tenth_is_repeated(spent: RetryBudget) -> None:
    repeated = 0
    for _ in range(1_000):
        spent.earn()
        repeated += spent.spend()
    assert repeated == pytest.approx(1_000 * RETRIES_PER_CALL, abs=1)


def test_a_client_with_few_calls_can_retry_now_and_then(spent: RetryBudget, clock: Clock) -> None:
    assert not spent.spend()
    clock.seconds += 1 / RETRIES_PER_SECOND
    assert spent.spend()
    assert not spent.spend()


def test_what_is_saved_has_a_limit(clock: Clock) -> None:
    budget = RetryBudget(clock)
    for _ in range(1_000):
        budget.earn()
    clock.seconds += 1_000
    assert sum(budget.spend() for _ in range(1_000)) == MOST_SAVED

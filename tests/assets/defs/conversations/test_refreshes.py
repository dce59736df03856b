from datetime import date

import pytest

from mpp_assets.defs.conversations.refreshes import (
    AGAIN_SECONDS,
    Attempt,
    Refresh,
    day_ranges,
    decide_refresh,
    token_of,
)

OWED = {7: ["2026-11-02", "2026-11-01"], 9: ["2026-10-05"]}
EARLIER = (date(2026, 10, 5), date(2026, 10, 5))
LAST = (date(2026, 11, 1), date(2026, 11, 2))
NOW = 1_800_000_000.0
SUCCEEDED, FAILED = Attempt(succeeded=True, ended_at=NOW), Attempt(succeeded=False, ended_at=NOW)


def decide(attempts=None, owed=OWED, *, is_refreshing=False, now=NOW + 1):
    return decide_refresh(owed, attempts or {}, is_refreshing=is_refreshing, now=now)


def requested(decision: Refresh | str) -> tuple[str, list[tuple[date, date]]]:
    assert isinstance(decision, Refresh), decision
    return decision.job, decision.ranges


def test_the_days_that_landings_touched_and_no_other_are_refreshed_and_the_last_publish():
    assert requested(decide()) == ("refresh_days", [EARLIER])
    assert requested(decide({EARLIER: [SUCCEEDED]})) == ("refresh", [LAST])


def test_days_side_by_side_are_published_at_once():
    assert requested(decide(owed={7: OWED[7]})) == ("refresh", [LAST])


def test_nothing_is_published_while_a_part_failed():
    """Readers would see half of what landed."""
    assert "the refresh failed" in str(decide({EARLIER: [FAILED]}))
    assert requested(decide({EARLIER: [FAILED, SUCCEEDED]})) == ("refresh", [LAST])


def test_nothing_is_refreshed_when_every_landing_is_published():
    assert decide(owed={}) == "every landing is published"


def test_a_landing_without_days_needs_no_refresh():
    assert decide(owed={7: []}) == "every landing is published"


def test_a_refresh_that_goes_on_is_waited_for():
    assert decide(is_refreshing=True) == "the refresh is running"


@pytest.mark.parametrize("attempt", [SUCCEEDED, FAILED])
def test_the_same_landings_are_asked_for_again_after_a_while(attempt):
    attempts = {EARLIER: [SUCCEEDED], LAST: [attempt]}
    assert isinstance(decide(attempts), str)
    again = decide(attempts, now=NOW + AGAIN_SECONDS)
    assert requested(again) == ("refresh", [LAST])


def test_what_lands_after_a_failure_takes_the_failed_days_along():
    assert token_of([7]) != token_of([7, 9])
    owed = {7: ["2026-11-01"], 9: ["2026-11-02"]}
    assert requested(decide(owed=owed)) == ("refresh", [LAST])


def test_consecutive_days_are_one_range():
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
    assert day_ranges(days) == [
        (date(2026, 2, 28), date(2026, 3, 1)),
        (date(2026, 3, 3), date(2026, 3, 3)),
    ]

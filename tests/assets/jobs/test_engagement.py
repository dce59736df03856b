from datetime import UTC, date, datetime

import pytest

from mpp_assets.jobs.engagement import (
    campaign_performance,
    daily_activity,
    engaged_with,
    user_engagement,
)
from tests.assets.jobs.conversation_rows import event, events

ROWS = [
    event("ann", "run", "2026-01-01T08:00:00"),
    event("ann", "run", "2026-01-01T23:59:59.999999"),
    event("ann", "run", "2026-01-14T10:00:00"),
    event("ann", "tea", "2026-01-15T00:00:00"),
    event("bob", "run", "2026-01-15T12:00:00"),
]
LAST_DAY = date(2026, 1, 15)


@pytest.fixture(scope="module")
def conversation_events(spark):
    return events(spark, ROWS).cache()


def test_engaged_with_counts_messages_and_days_of_each_user_in_each_campaign(conversation_events):
    edges = {
        (row.user_id, row.campaign_id): row for row in engaged_with(conversation_events).collect()
    }
    assert set(edges) == {("ann", "run"), ("ann", "tea"), ("bob", "run")}
    ann = edges["ann", "run"]
    assert (ann.message_count, ann.active_days) == (3, 2)
    assert ann.last_at.astimezone(UTC) == datetime(2026, 1, 14, 10, tzinfo=UTC)


def test_the_engagement_score_is_the_documented_sum(conversation_events):
    scores = {
        (row.user_id, row.campaign_id): (row.engagement_score, row.engagement_level)
        for row in user_engagement(conversation_events, LAST_DAY).collect()
    }
    regular = 0.4 * 3 / 6 + 0.3 * 2 / 4 + 0.3 * 2 ** (-1 / 14)
    once_today = 0.4 * 1 / 4 + 0.3 * 1 / 3 + 0.3
    assert scores["ann", "run"] == (pytest.approx(regular, abs=1e-6), "high")
    assert scores["bob", "run"] == (pytest.approx(once_today, abs=1e-6), "medium")


def test_engagement_falls_with_time_since_the_last_message(conversation_events):
    later = {
        (row.user_id, row.campaign_id): row.engagement_level
        for row in user_engagement(conversation_events, date(2026, 6, 1)).collect()
    }
    assert later["bob", "run"] == "low"


def test_performance_is_the_mean_of_reach_return_and_recent_volume(conversation_events):
    performances = campaign_performance(conversation_events, LAST_DAY).collect()
    [run] = [row for row in performances if row.campaign_id == "run"]
    assert (run.message_count, run.user_count, run.active_days) == (4, 2, 3)
    assert (run.messages_per_user, run.returning_user_share) == (2.0, 0.5)
    assert run.recent_message_count == 2
    mean_recent = (2 + 1) / 2
    assert run.performance_score == pytest.approx(
        (2 / 2 + 0.5 + 2 / (2 + mean_recent)) / 3, abs=1e-6
    )


def test_daily_activity_counts_by_utc_hour(conversation_events):
    days = {row.event_day: row for row in daily_activity(conversation_events).collect()}
    first = days[date(2026, 1, 1)]
    assert (first.message_count, first.user_count, first.campaign_count) == (2, 1, 1)
    assert first.hourly_message_counts == [1 if hour in {8, 23} else 0 for hour in range(24)]
    assert days[LAST_DAY].user_count == 2

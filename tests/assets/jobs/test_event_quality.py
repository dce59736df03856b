from datetime import date, timedelta

from mpp_assets.jobs.event_quality import ids_with_nulls, repeated_ids, unusual_days
from tests.assets.jobs.conversation_rows import event, events

START = date(2026, 1, 1)


def counts(*values: int) -> dict[date, int]:
    return {START + timedelta(days=position): value for position, value in enumerate(values)}


def test_a_repeated_message_id_is_named(spark):
    row = event("u-1", "spring", "2026-01-05 10:00")
    rows = [row, row | {"text": "again"}, event("u-2", "spring", "2026-01-05 10:00")]
    assert repeated_ids(events(spark, rows)) == [row["message_id"]]


def test_a_message_without_a_required_field_is_named_with_the_field(spark):
    row = event("u-1", "spring", "2026-01-05 10:00")
    rows = [row | {"text": None}, event("u-2", "spring", "2026-01-05 10:00")]
    assert ids_with_nulls(events(spark, rows)) == {"text": [row["message_id"]]}


def test_a_day_with_a_tenth_of_the_usual_messages_is_unusual():
    found = unusual_days(counts(100, 104, 97, 99, 110, 95, 101, 102, 10))
    assert list(found) == ["2026-01-09"]
    assert found["2026-01-09"]["messages"] == 10


def test_days_that_vary_as_counts_do_are_usual():
    assert unusual_days(counts(100, 104, 97, 99, 110, 95, 101, 102, 88, 117)) == {}


def test_a_day_that_goes_on_may_have_few_messages_and_not_far_too_many():
    few, many = (counts(100, 104, 97, 99, 110, 95, 101, 102, last) for last in (10, 1_000))
    today = max(few)
    assert unusual_days(few, today=today) == {}
    assert list(unusual_days(few, today=today + timedelta(days=1))) == ["2026-01-09"]
    assert list(unusual_days(many, today=today)) == ["2026-01-09"]


def test_a_day_with_few_days_before_it_is_not_judged():
    assert unusual_days(counts(100, 100, 100, 1)) == {}


def test_only_the_asked_days_are_judged():
    found = counts(100, 104, 97, 99, 110, 95, 101, 102, 10)
    assert unusual_days(found, [START]) == {}

from collections.abc import Iterator
from datetime import date

import pytest
from pyspark.errors import PySparkException

from mpp_assets.jobs.store_sink import replace_rows
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import open_target
from tests.assets.jobs.conversation_rows import event, events

TARGET = "mongo/conversations"
DAY, NEXT_DAY = date(1999, 3, 1), date(1999, 3, 2)
ROWS = [event(f"sink-{n}", "c", f"1999-03-0{1 + n % 2}T10:00:{n:02}") for n in range(20)]


@pytest.fixture
def days(settings: StoreSettings) -> Iterator[list[date]]:
    """Two days of the store, left empty."""
    both = [DAY, NEXT_DAY]
    with open_target(TARGET, settings) as target:
        target.prepare()
        target.sweep("nothing", both)
        yield both
        target.sweep("nothing", both)


def ids(settings: StoreSettings, days: list[date]) -> set[str]:
    with open_target(TARGET, settings) as target:
        return {row["message_id"] for batch in target.read(days) for row in batch.to_pylist()}


def test_rows_reach_the_store_from_several_partitions_and_are_counted(spark, settings, days):
    summary = replace_rows(
        events(spark, ROWS).repartition(3), TARGET, settings, stamp="first", days=days
    )
    assert (summary.written, summary.swept, summary.row_count) == (20, 0, 20)
    assert ids(settings, days) == {row["message_id"] for row in ROWS}


def test_a_second_write_of_the_same_rows_changes_nothing(spark, settings, days):
    for stamp in ("first", "second"):
        summary = replace_rows(events(spark, ROWS), TARGET, settings, stamp, days)
    assert (summary.written, summary.swept, summary.row_count) == (20, 0, 20)


def test_rows_that_are_no_longer_there_are_swept_from_the_given_days_only(spark, settings, days):
    replace_rows(events(spark, ROWS), TARGET, settings, "first", days)
    kept = [row for row in ROWS if row["event_day"] == DAY][:3]
    summary = replace_rows(events(spark, kept), TARGET, settings, "second", [DAY])
    assert (summary.written, summary.swept, summary.row_count) == (3, 7, 3)
    assert len(ids(settings, [NEXT_DAY])) == 10


def test_a_store_that_refuses_a_row_fails_the_write_and_sweeps_nothing(spark, settings, days):
    replace_rows(events(spark, ROWS), TARGET, settings, "first", days)
    without_time = [ROWS[0] | {"sent_at": None}]
    with pytest.raises(PySparkException, match=r"sent_at|mongo"):
        replace_rows(events(spark, without_time), TARGET, settings, "second", days)
    assert len(ids(settings, days)) == 20


def test_an_unknown_target_is_named(spark, settings):
    with pytest.raises(KeyError, match="no target 'mongo/nothing'"):
        replace_rows(events(spark, ROWS), "mongo/nothing", settings, "first", None)

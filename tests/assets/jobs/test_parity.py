from collections.abc import Iterator
from datetime import date

import pytest

from mpp_assets.jobs.parity import Difference, difference, differing_days
from mpp_assets.jobs.store_sink import NO_PARTITION, write_rows
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Target
from mpp_stores.targets import open_target
from tests.assets.jobs.conversation_rows import event, events

TARGET = "mongo/conversations"
DAY, NEXT_DAY = date(1999, 5, 1), date(1999, 5, 2)
NUMBERS = {DAY: 900_101, NEXT_DAY: 900_102}
BY_PARTITION = {day.isoformat(): number for day, number in NUMBERS.items()}
ROWS = [event(f"parity-{n}", "c", f"1999-05-0{1 + n % 2}T10:00:{n:02}") for n in range(10)]
DAY_IDS = [row["message_id"] for row in ROWS if row["event_day"] == DAY]


@pytest.fixture
def target(settings: StoreSettings) -> Iterator[Target]:
    with open_target(TARGET, settings) as opened:
        opened.prepare()
        opened.drop(list(NUMBERS.values()))
        yield opened
        opened.drop(list(NUMBERS.values()))


def test_equal_days_do_not_differ(spark, settings, target):
    write_rows(events(spark, ROWS), TARGET, settings, BY_PARTITION)
    assert differing_days(events(spark, ROWS), target, NUMBERS) == {}


def test_what_only_one_side_holds_is_named_on_its_day(spark, settings, target):
    stored = [row for row in ROWS if row["message_id"] != DAY_IDS[0]]
    write_rows(events(spark, stored), TARGET, settings, BY_PARTITION)
    lake = [row for row in ROWS if row["message_id"] != DAY_IDS[1]]
    assert differing_days(events(spark, lake), target, NUMBERS) == {
        "1999-05-01": Difference(4, 4, missing=[DAY_IDS[0]], unexpected=[DAY_IDS[1]])
    }


def test_a_day_that_the_store_lost_altogether_differs(spark, settings, target):
    write_rows(events(spark, ROWS), TARGET, settings, BY_PARTITION)
    target.drop([NUMBERS[DAY]])
    found = differing_days(events(spark, ROWS), target, NUMBERS)
    assert found["1999-05-01"].missing == sorted(DAY_IDS)


def test_identities_over_all_days_are_compared_the_same_way(spark, settings, target):
    number = NUMBERS[DAY]
    write_rows(events(spark, ROWS[1:]), TARGET, settings, {NO_PARTITION: number})
    assert difference(events(spark, ROWS[1:]), target, number) is None
    assert difference(events(spark, ROWS), target, number) == Difference(
        10, 9, missing=[ROWS[0]["message_id"]], unexpected=[]
    )

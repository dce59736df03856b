from datetime import date

from mpp_assets.jobs.owed_days import owed_days
from mpp_assets.jobs.retention import CONVERSATION_EVENTS, LANDED_EVENTS
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import materializations
from mpp_stores.postgres.releases import publish
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING

FIRST, SECOND = date(2026, 11, 17), date(2026, 11, 18)


def begin(settings: StoreSettings, asset: str, partition: str) -> int:
    numbers = materializations.begin(
        settings, asset=asset, partitions=[partition], dagster_run_id="r"
    )
    return numbers[partition]


def land(settings: StoreSettings, lake: Lake, day: date) -> int:
    number, days = begin(settings, LANDED_EVENTS, "a.json"), [day.isoformat()]
    lake.write_summary(BatchSummary("a.json", number, "", False, 1, 1, 0, 0, {}, days, days))
    return number


def build(settings: StoreSettings, day: date) -> None:
    number = begin(settings, CONVERSATION_EVENTS, day.isoformat())
    materializations.complete(settings, {number: NOTHING})


def release(settings: StoreSettings, run: str, *landings: int) -> None:
    publish(
        settings,
        dagster_run_id=run,
        data_through=SECOND,
        quality={},
        including=dict.fromkeys(landings, NOTHING),
    )


def test_days_that_a_landing_touched_are_owed_until_a_release_names_it(own_database, tmp_path):
    lake = Lake(tmp_path)
    assert owed_days(own_database, lake) == set()
    landing = land(own_database, lake, FIRST)
    assert owed_days(own_database, lake) == {FIRST}
    build(own_database, FIRST)
    release(own_database, "first", landing)
    assert owed_days(own_database, lake) == set()
    land(own_database, lake, SECOND)
    assert owed_days(own_database, lake) == {SECOND}


def test_a_day_that_was_built_anew_is_owed_until_it_is_published(own_database, tmp_path):
    build(own_database, FIRST)
    release(own_database, "first")
    build(own_database, FIRST)
    assert owed_days(own_database, Lake(tmp_path)) == {FIRST}
    release(own_database, "second")
    assert owed_days(own_database, Lake(tmp_path)) == set()

"""Which days a check looks at, and when it is tried again."""

from datetime import date

import dagster as dg

from mpp_assets.asset_checks import checked_days, store_check
from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.partitions import range_tags
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres import materializations
from mpp_stores.postgres.releases import publish
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING
from tests.assets.defs.lone_check import evaluate

DAYS = [f"2026-01-{day:02}" for day in range(5, 10)]


@dg.asset_check(asset=conversation_events)
def looks_at(context: dg.AssetCheckExecutionContext, platform: Platform) -> dg.AssetCheckResult:
    days = [day.isoformat() for day in checked_days(context, platform, conversation_events)]
    return dg.AssetCheckResult(passed=True, metadata={"days": dg.MetadataValue.json(days)})


def materialize(settings: StoreSettings, *days: str) -> None:
    asset = conversation_events.key.to_user_string()
    numbers = materializations.begin(settings, asset=asset, partitions=days, dagster_run_id="r")
    materializations.complete(settings, dict.fromkeys(numbers.values(), NOTHING))


def release(settings: StoreSettings) -> Release:
    through = date.fromisoformat(DAYS[-1])
    return publish(settings, dagster_run_id="r", data_through=through, quality={})


def days_looked_at(tags: dict[str, str]) -> list[str]:
    found: list[str] = evaluate(looks_at, tags).metadata["days"].value
    return found


def test_a_run_without_days_is_asked_for_every_day(own_pipeline):
    materialize(own_pipeline, *DAYS)
    release(own_pipeline)
    assert days_looked_at({}) == DAYS


def test_a_run_is_asked_for_its_days(own_pipeline):
    materialize(own_pipeline, *DAYS)
    release(own_pipeline)
    assert days_looked_at(range_tags(DAYS[1], DAYS[2])) == DAYS[1:3]
    assert days_looked_at({"dagster/partition": DAYS[3]}) == [DAYS[3]]
    assert days_looked_at({"dagster/partition": "2026-02-01"}) == []


def test_a_run_is_asked_for_days_that_no_release_names_as_well(own_pipeline):
    """The run that wrote them can have ended at a check."""
    materialize(own_pipeline, *DAYS)
    release(own_pipeline)
    materialize(own_pipeline, DAYS[0])
    assert days_looked_at(range_tags(DAYS[2], DAYS[3])) == [DAYS[0], *DAYS[2:4]]


def test_a_check_is_tried_again_where_a_store_is_away_and_not_where_something_is_wrong(
    own_pipeline,
):
    looked: list[str] = []

    @store_check(asset=conversation_events, name="asks_a_store", blocking=True)
    def asks_a_store() -> dg.AssetCheckResult:
        looked.append("once")
        if len(looked) == 1:
            raise StoreUnavailable("milvus", "read", "it starts anew")
        return dg.AssetCheckResult(passed=False)

    assert not evaluate(asks_a_store).passed
    assert len(looked) == 2

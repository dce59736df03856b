"""The days that no release holds as they are now."""

from datetime import date

from mpp_assets.jobs.retention import IN_PLACE, unpublished_landings
from mpp_stores.lake import Lake
from mpp_stores.postgres import materializations
from mpp_stores.settings import StoreSettings


def owed_days(settings: StoreSettings, lake: Lake) -> set[date]:
    """Days that landings touched and no release names, and days of which the lake was replaced
    since: what came late, and what a refresh that failed on the way left behind."""
    late = {day for batch in unpublished_landings(settings, lake) for day in batch.touched_days}
    left_behind = materializations.left_behind(settings, IN_PLACE)
    return {date.fromisoformat(day) for day in late.union(left_behind.values())}

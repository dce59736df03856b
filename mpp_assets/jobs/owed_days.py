"""The days that no release holds as they are now."""

from datetime import date

from mpp_assets.jobs.retention import CONVERSATION_EVENTS, unpublished_landings
from mpp_stores.lake import Lake
from mpp_stores.postgres import materializations
from mpp_stores.postgres.releases import contents, current_release
from mpp_stores.settings import StoreSettings


def owed_days(settings: StoreSettings, lake: Lake) -> set[date]:
    """Days that landings touched and no release names, and days whose events were built anew
    since: what came late, and what a refresh that failed on the way left behind."""
    late = {day for batch in unpublished_landings(settings, lake) for day in batch.touched_days}
    return {date.fromisoformat(day) for day in late | _begun(settings)}


def _begun(settings: StoreSettings) -> set[str]:
    release = current_release(settings)
    named = contents(settings, release.release_id) if release else []
    numbers = {each.materialization for each in named}
    newest = materializations.latest(settings, CONVERSATION_EVENTS)
    return {day for day, each in newest.items() if each.materialization not in numbers}

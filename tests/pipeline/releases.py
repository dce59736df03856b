"""What is served, and waiting for what will be."""

from collections.abc import Callable

from mpp_stores.lake import Lake
from mpp_stores.postgres.releases import contents, current_release
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.waiting import wait_until


def served(settings: StoreSettings) -> Release:
    release = current_release(settings)
    assert release is not None
    return release


def numbers(settings: StoreSettings, asset: str) -> dict[str, int]:
    """The served materialization of each partition of the asset."""
    return {
        each.partition: each.materialization
        for each in contents(settings, served(settings).release_id)
        if each.asset == asset
    }


def release_holding(
    settings: StoreSettings, batch: str, *, after: Release, meanwhile: Callable[[], object]
) -> Release:
    """The first release after `after` that names the batch as it landed last. `meanwhile` is
    called about once a second until then, and once more."""

    def is_published() -> bool:
        summary = Lake(settings.lake).summary(batch)
        landing = numbers(settings, "lake/landed_events").get(batch)
        meanwhile()
        is_named = summary is not None and summary.landing == landing
        return is_named and served(settings) != after

    wait_until(is_published, every=1)
    return served(settings)

"""Reading from Postgres which landings are served."""

from mpp_local.batches.publication import Served
from mpp_stores.postgres.releases import contents, current_release
from mpp_stores.settings import StoreSettings

LANDED_EVENTS = "lake/landed_events"


class ServedReader:
    """Called for what is served now. Reads the contents of a release once."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._latest = Served()

    def __call__(self) -> Served:
        release = current_release(self._settings)
        known = self._latest.release
        if release is None or (known and known.release_id == release.release_id):
            return self._latest
        landings = {
            each.partition: each.materialization
            for each in contents(self._settings, release.release_id)
            if each.asset == LANDED_EVENTS
        }
        self._latest = Served(release, landings)
        return self._latest

"""Work that a test starts in processes of its own, as Spark's workers and other runs would."""

import time
from multiprocessing.synchronize import Event

from mpp_stores.postgres import erasures
from mpp_stores.postgres.lock import pipeline_lock
from mpp_stores.postgres.writer import UserEngagements
from mpp_stores.records import Erasure
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.rows import engagement_batch, user_engagement


def write_users(settings: StoreSettings, schema_name: str, user_ids: list[str]) -> int:
    """Write the users' rows, a batch each ten users, in the order given."""
    written = 0
    with UserEngagements(settings, schema_name=schema_name) as target:
        for start in range(0, len(user_ids), 10):
            batch = engagement_batch(*map(user_engagement, user_ids[start : start + 10]))
            written += target.write(batch)
    return written


def prepare(settings: StoreSettings, schema_name: str) -> None:
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()


def request_erasure(settings: StoreSettings, schema_name: str, user_id: str) -> Erasure:
    return erasures.request(settings, user_id, schema_name=schema_name)


def hold_pipeline_lock(settings: StoreSettings, held: Event) -> None:
    """Until the process is killed."""
    with pipeline_lock(settings):
        held.set()
        while True:
            time.sleep(60)

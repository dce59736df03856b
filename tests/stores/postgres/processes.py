"""Work that a test starts in processes of its own, as Spark's workers would."""

from mpp_stores.postgres.writer import UserEngagements
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.rows import engagement_batch, user_engagement


def write_users(settings: StoreSettings, schema_name: str, stamp: str, user_ids: list[str]) -> int:
    """Write the users' rows, a batch each ten users, in the order given."""
    written = 0
    with UserEngagements(settings, schema_name=schema_name) as target:
        for start in range(0, len(user_ids), 10):
            batch = engagement_batch(*map(user_engagement, user_ids[start : start + 10]))
            written += target.write(batch, stamp)
    return written


def prepare(settings: StoreSettings, schema_name: str) -> None:
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()

"""Work that a test starts in processes of its own, as Spark's workers would."""

from mpp_stores.mongo.writer import Conversations
from mpp_stores.settings import StoreSettings
from tests.stores.mongo.rows import conversation, conversation_batch


def write_messages(settings: StoreSettings, collection: str, message_ids: list[str]) -> int:
    """Write the messages, a batch each fifty, in the order given."""
    written = 0
    with Conversations(settings, collection=collection) as target:
        for start in range(0, len(message_ids), 50):
            batch = conversation_batch(*map(conversation, message_ids[start : start + 50]))
            written += target.write(batch)
    return written


def prepare(settings: StoreSettings, collection: str) -> None:
    with Conversations(settings, collection=collection) as target:
        target.prepare()

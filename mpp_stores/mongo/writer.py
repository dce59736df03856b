"""The MongoDB target: one document a message."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Self, TypeVar

import pyarrow as pa
from pymongo import MongoClient, ReplaceOne
from pymongo.errors import OperationFailure, PyMongoError

from mpp_stores.mongo.compaction import compact
from mpp_stores.mongo.connection import is_retryable, mongo_errors, uri_errors
from mpp_stores.mongo.documents import (
    CONVERSATIONS,
    FORMER_INDEX,
    INDEXES,
    KEY,
    batch_of,
    documents,
    of_materializations,
)
from mpp_stores.records import CONVERSATION_DOCUMENT_SCHEMA
from mpp_stores.settings import StoreSettings
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, NOTHING, Digest

SERVER_SELECTION_SECONDS = 3
READ_BATCH_ROWS = 10_000
RETRY_DELAYS_SECONDS = (0.1, 0.4, 1.6)

Outcome = TypeVar("Outcome")


class Conversations:
    """Messages as documents. Opening it connects.

    Every write is an upsert by `_id` or a deletion by materialization, safe to repeat: a
    transient failure is retried after each of `RETRY_DELAYS_SECONDS`, then raised.
    """

    name = "mongo/conversations"
    schema = CONVERSATION_DOCUMENT_SCHEMA
    key = KEY
    one_writer = False

    def __init__(self, settings: StoreSettings, *, collection: str = CONVERSATIONS) -> None:
        with uri_errors():
            self._client: MongoClient[dict[str, Any]] = MongoClient(
                settings.mongo_uri.get_secret_value(),
                appname="mpp",
                serverSelectionTimeoutMS=SERVER_SELECTION_SECONDS * 1_000,
            )
        self._collection = self._client[settings.mongo_database][collection]
        with mongo_errors("connect"):
            try:
                self._client.admin.command("ping")
            except Exception:
                self._client.close()
                raise

    def prepare(self) -> None:
        with mongo_errors(f"create the indexes of {self.name}"):
            _retrying(lambda: self._collection.create_indexes(list(INDEXES)))
            for name, index in self._collection.index_information().items():
                if tuple(field for field, _ in index["key"]) == FORMER_INDEX:
                    with suppress(OperationFailure):  # another process may be first
                        self._collection.drop_index(name)

    def write(self, batch: pa.RecordBatch) -> int:
        with mongo_errors(f"write {batch.num_rows} rows to {self.name}"):
            upserts = [
                ReplaceOne({"_id": document["_id"]}, document, upsert=True)
                for document in documents(batch)
            ]
            if upserts:
                _retrying(lambda: self._collection.bulk_write(upserts, ordered=False))
        return batch.num_rows

    def digests(self, materializations: Sequence[int]) -> dict[int, Digest]:
        pipeline: list[dict[str, Any]] = [
            {"$match": of_materializations(materializations)},
            {
                "$group": {
                    "_id": f"${MATERIALIZATION}",
                    "row_count": {"$sum": 1},
                    IDENTITY_HASH: {"$sum": f"${IDENTITY_HASH}"},
                }
            },
        ]
        with mongo_errors(f"digest {self.name}"):
            found = {
                group["_id"]: Digest(group["row_count"], group[IDENTITY_HASH])
                for group in self._collection.aggregate(pipeline)
            }
        return {number: found.get(number, NOTHING) for number in materializations}

    def read(self, materializations: Sequence[int]) -> Iterator[pa.RecordBatch]:
        with (
            mongo_errors(f"read {self.name}"),
            self._collection.find(of_materializations(materializations)) as cursor,
        ):
            while found := list(islice(cursor, READ_BATCH_ROWS)):
                yield batch_of(found)

    def drop(self, materializations: Sequence[int]) -> int:
        condition = of_materializations(materializations)
        with mongo_errors(f"drop materializations of {self.name}"):
            return _retrying(lambda: self._collection.delete_many(condition).deleted_count)

    def rows_of_user(self, user_id: str) -> int:
        # Not count_documents: NX-27017 reads every document for it.
        pipeline: list[dict[str, Any]] = [{"$match": {"user_id": user_id}}, {"$count": "rows"}]
        with mongo_errors(f"count a user's rows of {self.name}"):
            return sum(found["rows"] for found in self._collection.aggregate(pipeline))

    def compact(self) -> bool:
        """Make the engine give up the bytes of what was deleted; False where it cannot be told to.

        `mpp_stores.mongo.compaction` says which bytes may stay.
        """
        with mongo_errors(f"compact {self.name}"):
            return compact(self._collection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()


def _retrying(operation: Callable[[], Outcome]) -> Outcome:
    for delay in RETRY_DELAYS_SECONDS:
        try:
            return operation()
        except PyMongoError as error:
            if not is_retryable(error):
                raise
            time.sleep(delay)
    return operation()

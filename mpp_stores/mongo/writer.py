"""The MongoDB target: one document a message."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, Self, TypeVar

import pyarrow as pa
from pymongo import DeleteMany, MongoClient, ReplaceOne
from pymongo.errors import PyMongoError

from mpp_stores.mongo.connection import is_retryable, mongo_errors, uri_errors
from mpp_stores.mongo.documents import CONVERSATIONS, INDEXES, batch_of, documents
from mpp_stores.records import CONVERSATION_DOCUMENT_SCHEMA
from mpp_stores.settings import StoreSettings

SERVER_SELECTION_SECONDS = 3
READ_BATCH_ROWS = 10_000
RETRY_DELAYS_SECONDS = (0.1, 0.4, 1.6)

Outcome = TypeVar("Outcome")


class Conversations:
    """Messages as documents. Opening it connects.

    Every write is an upsert or a deletion by stamp, safe to repeat: a transient
    failure is retried after each of `RETRY_DELAYS_SECONDS`, then raised.
    """

    name = "mongo/conversations"
    schema = CONVERSATION_DOCUMENT_SCHEMA

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

    def write(self, batch: pa.RecordBatch, stamp: str) -> int:
        with mongo_errors(f"write {batch.num_rows} rows to {self.name}"):
            upserts = [
                ReplaceOne({"_id": document["_id"]}, document, upsert=True)
                for document in documents(batch, stamp)
            ]
            if upserts:
                _retrying(lambda: self._collection.bulk_write(upserts, ordered=False))
        return batch.num_rows

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        other_stamp = {"materialization": {"$ne": stamp}}
        if days is None:
            filters: list[dict[str, Any]] = [other_stamp]
        else:
            # A deletion a day: nx-27017 refuses $in on an indexed field when deleting.
            filters = [{"event_day": day.isoformat(), **other_stamp} for day in days]
        deletions = [DeleteMany(condition) for condition in filters]
        if not deletions:
            return 0
        with mongo_errors(f"sweep {self.name}"):
            return _retrying(
                lambda: self._collection.bulk_write(deletions, ordered=False).deleted_count
            )

    def count(self, days: Sequence[date] | None = None) -> int:
        with mongo_errors(f"count {self.name}"):
            return self._collection.count_documents(_of_days(days))

    def read(self, days: Sequence[date] | None = None) -> Iterator[pa.RecordBatch]:
        with mongo_errors(f"read {self.name}"), self._collection.find(_of_days(days)) as cursor:
            while found := list(islice(cursor, READ_BATCH_ROWS)):
                yield batch_of(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()


def _of_days(days: Sequence[date] | None) -> dict[str, Any]:
    return {} if days is None else {"event_day": {"$in": [day.isoformat() for day in days]}}


def _retrying(operation: Callable[[], Outcome]) -> Outcome:
    for delay in RETRY_DELAYS_SECONDS:
        try:
            return operation()
        except PyMongoError as error:
            if not is_retryable(error):
                raise
            time.sleep(delay)
    return operation()

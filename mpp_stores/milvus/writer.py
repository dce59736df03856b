"""The pipeline's side of Milvus: the two targets."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, Self, TypeVar

import pyarrow as pa
from pymilvus import MilvusClient, MilvusException

from mpp_stores.errors import StoreRejected, translated
from mpp_stores.milvus import filters
from mpp_stores.milvus.collections import (
    EMBEDDING,
    MESSAGE_SHAPE,
    MESSAGES,
    USER_PROFILE_SHAPE,
    USER_PROFILES,
    WRITING_CONSISTENCY,
    Shape,
    vector_index,
)
from mpp_stores.milvus.connection import client_options
from mpp_stores.milvus.errors import is_not_loaded, is_retryable
from mpp_stores.milvus.rows import Row, to_batch, to_rows
from mpp_stores.records import MESSAGE_VECTOR_SCHEMA, USER_PROFILE_SCHEMA
from mpp_stores.settings import StoreSettings

# At most 22 KB a message (4,000 characters of four bytes and the vector), so a request or
# a reply stays below the 64 MB that a Milvus proxy accepts.
ROWS_PER_REQUEST = 1_000

_CONNECT_SECONDS = 10.0
_CALL_SECONDS = 60.0
_EPOCH = date(1970, 1, 1)

T = TypeVar("T")


class _CollectionTarget:
    """What both targets do; see `mpp_stores.target.Target`."""

    name: str
    schema: pa.Schema
    _shape: Shape

    def __init__(self, settings: StoreSettings, collection: str) -> None:
        self._collection = collection
        with translated("milvus", "connect", is_retryable):
            self._client = MilvusClient(**client_options(settings, _CONNECT_SECONDS))

    def prepare(self) -> None:
        client, collection = self._client, self._collection
        with translated("milvus", f"prepare {collection}", is_retryable):
            if not client.has_collection(collection, timeout=_CALL_SECONDS):
                client.create_collection(
                    collection,
                    schema=self._shape.schema(),
                    consistency_level=WRITING_CONSISTENCY,
                    timeout=_CALL_SECONDS,
                )
            if not client.list_indexes(collection, EMBEDDING):
                client.create_index(collection, vector_index(), timeout=_CALL_SECONDS)
            client.load_collection(collection, timeout=_CALL_SECONDS)

    def write(self, batch: pa.RecordBatch, stamp: str) -> int:
        rows = to_rows(batch, self._shape.key, stamp)
        with translated("milvus", f"write {len(rows)} rows to {self._collection}", is_retryable):
            for start in range(0, len(rows), ROWS_PER_REQUEST):
                self._client.upsert(
                    self._collection,
                    rows[start : start + ROWS_PER_REQUEST],
                    timeout=_CALL_SECONDS,
                )
        return len(rows)

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        if days is None:
            swept = filters.bound(filters.OTHER_STAMPS, stamp=stamp)
        elif days:
            numbers = self._day_numbers(days)
            swept = filters.bound(filters.OTHER_STAMPS_OF_DAYS, days=numbers, stamp=stamp)
        else:
            return 0
        deleted = self._loaded(
            "sweep",
            lambda: self._client.delete(
                self._collection,
                filter=swept,
                consistency_level=WRITING_CONSISTENCY,
                timeout=_CALL_SECONDS,
            ),
        )
        # A materialization ends here. What it wrote is searched without an index, many times
        # slower, until it is flushed.
        with translated("milvus", f"flush {self._collection}", is_retryable):
            self._client.flush(self._collection, timeout=_CALL_SECONDS)
        # milvus-lite answers with the deleted keys, Milvus with their number.
        return len(deleted) if isinstance(deleted, list) else int(deleted["delete_count"])

    def count(self, days: Sequence[date] | None = None) -> int:
        if days is None:
            counted = ""
        elif days:
            counted = filters.bound(filters.DAYS, days=self._day_numbers(days))
        else:
            return 0
        rows = self._query("count", filter=counted, output_fields=["count(*)"])
        return int(rows[0]["count(*)"])

    def read(self, days: Sequence[date] | None = None) -> Iterator[pa.RecordBatch]:
        values: dict[str, Any] = {}
        template = filters.AFTER_KEY
        if days is not None:
            if not days:
                return
            values["days"] = self._day_numbers(days)
            template = filters.AFTER_KEY_OF_DAYS
        template = template.format(key=self._shape.key)

        rows = self._page(filters.bound(template, last="", **values))
        while rows:
            yield to_batch(rows, self.schema)
            last = rows[-1][self._shape.key]
            rows = self._page(filters.bound(template, last=last, **values))

    def _page(self, after: str) -> list[Row]:
        """The next rows by key: both flags make the server order them, as for its iterators."""
        return self._query(
            "read",
            filter=after,
            output_fields=self._shape.read_fields,
            limit=ROWS_PER_REQUEST,
            iterator="True",
            reduce_stop_for_best="True",
        )

    def _query(self, attempted: str, **query: Any) -> list[Row]:
        return self._loaded(
            attempted,
            lambda: list(
                self._client.query(
                    self._collection,
                    consistency_level=WRITING_CONSISTENCY,
                    timeout=_CALL_SECONDS,
                    **query,
                )
            ),
        )

    def _loaded(self, attempted: str, call: Callable[[], T]) -> T:
        with translated("milvus", f"{attempted} {self._collection}", is_retryable):
            try:
                return call()
            except MilvusException as error:
                if not is_not_loaded(error):
                    raise
                self._client.load_collection(self._collection, timeout=_CALL_SECONDS)
                return call()

    def _day_numbers(self, days: Sequence[date]) -> list[int]:
        return [(day - _EPOCH).days for day in days]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()


class MessageVectors(_CollectionTarget):
    """One row a message, with the vector of its text."""

    name = "milvus/messages"
    schema = MESSAGE_VECTOR_SCHEMA
    _shape = MESSAGE_SHAPE

    def __init__(self, settings: StoreSettings, *, collection: str = MESSAGES) -> None:
        super().__init__(settings, collection)


class UserProfiles(_CollectionTarget):
    """One row a user. A profile spans days, so `days` can only be `None` here."""

    name = "milvus/user_profiles"
    schema = USER_PROFILE_SCHEMA
    _shape = USER_PROFILE_SHAPE

    def __init__(self, settings: StoreSettings, *, collection: str = USER_PROFILES) -> None:
        super().__init__(settings, collection)

    def _day_numbers(self, days: Sequence[date]) -> list[int]:
        raise StoreRejected("milvus", f"select days of {self._collection}", "profiles span days")

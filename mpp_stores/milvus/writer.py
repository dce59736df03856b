"""The pipeline's side of Milvus: the three targets."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Self, TypeVar

import pyarrow as pa
from pymilvus import MilvusClient, MilvusException

from mpp_stores.errors import StoreRejected, translated
from mpp_stores.milvus import filters
from mpp_stores.milvus.collections import (
    CAMPAIGN_PROFILE_SHAPE,
    CAMPAIGN_PROFILES,
    EMBEDDING,
    MESSAGE_SHAPE,
    MESSAGES,
    ROW_ID,
    USER_PROFILE_SHAPE,
    USER_PROFILES,
    WRITING_CONSISTENCY,
    Shape,
    profiles_partition,
    row_id,
    vector_index,
)
from mpp_stores.milvus.connection import client_options
from mpp_stores.milvus.errors import is_not_loaded, is_retryable
from mpp_stores.milvus.rows import Row, to_batch, to_rows
from mpp_stores.records import (
    CAMPAIGN_PROFILE_SCHEMA,
    MESSAGE_VECTOR_SCHEMA,
    USER_PROFILE_SCHEMA,
)
from mpp_stores.settings import StoreSettings
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, Digest

# At most 22 KB a message (4,000 characters of four bytes and the vector), so a request or
# a reply stays below the 64 MB that a Milvus proxy accepts.
ROWS_PER_REQUEST = 1_000
# Without vectors and text a row is two numbers and its id. Milvus answers with 16,384 at most.
DIGESTED_ROWS_PER_REQUEST = 16_000

_CONNECT_SECONDS = 10.0
# An integer: pymilvus waits without end for an index where it is told a float.
_CALL_SECONDS = 60

T = TypeVar("T")


class _CollectionTarget:
    """What all of them do; see `mpp_stores.target.Target`."""

    name: str
    schema: pa.Schema
    one_writer = False
    _shape: Shape

    def __init__(self, settings: StoreSettings, collection: str) -> None:
        self._collection = collection
        with translated("milvus", "connect", is_retryable):
            self._client = MilvusClient(**client_options(settings, _CONNECT_SECONDS))

    @property
    def key(self) -> tuple[str, ...]:
        return (self._shape.key,)

    def prepare(self) -> None:
        client, collection = self._client, self._collection
        with translated("milvus", f"prepare {collection}", is_retryable):
            if client.has_collection(collection, timeout=_CALL_SECONDS):
                self._refuse_another_shape()
            else:
                client.create_collection(
                    collection,
                    schema=self._shape.schema(),
                    consistency_level=WRITING_CONSISTENCY,
                    timeout=_CALL_SECONDS,
                )
            if not client.list_indexes(collection, EMBEDDING, timeout=_CALL_SECONDS):
                client.create_index(collection, vector_index(), timeout=_CALL_SECONDS)
            client.load_collection(collection, timeout=_CALL_SECONDS)

    def _refuse_another_shape(self) -> None:
        described = self._client.describe_collection(self._collection, timeout=_CALL_SECONDS)
        if {field["name"]: field["type"] for field in described["fields"]} == (
            self._shape.field_types()
        ):
            return
        raise StoreRejected(
            "milvus",
            f"prepare {self._collection}",
            "the collection has the fields of another version of this platform; "
            "run `mpp reset` to start over with empty stores",
        )

    def write(self, batch: pa.RecordBatch) -> int:
        rows = to_rows(batch, self._shape.key)
        with translated("milvus", f"write {len(rows)} rows to {self._collection}", is_retryable):
            for partition, its_rows in self._by_partition(rows):
                self._insert(its_rows, partition)
        return len(rows)

    def digests(self, materializations: Sequence[int]) -> Mapping[int, Digest]:
        """Summed here: Milvus counts, but does not add.

        Every materialization ends with its digest, so this also flushes what was written:
        until then it is searched without an index, many times slower.
        """
        self._flush()
        row_counts: Counter[int] = Counter()
        identity_hashes: Counter[int] = Counter()
        for page in self._pages(
            materializations, [MATERIALIZATION, IDENTITY_HASH], DIGESTED_ROWS_PER_REQUEST
        ):
            for row in page:
                row_counts[row[MATERIALIZATION]] += 1
                identity_hashes[row[MATERIALIZATION]] += row[IDENTITY_HASH]
        return {
            number: Digest(row_counts[number], identity_hashes[number])
            for number in materializations
        }

    def read(self, materializations: Sequence[int]) -> Iterator[pa.RecordBatch]:
        fields = self._shape.read_fields
        for page in self._pages(materializations, fields, ROWS_PER_REQUEST):
            yield to_batch(page, self.schema)

    def read_keys(self, materialization: int, keys: Sequence[str]) -> pa.RecordBatch:
        """The rows of a materialization that have one of these keys, some hundred at most."""
        rows = self._query(
            "read",
            filter=filters.bound(
                filters.ROWS, row_ids=[row_id(materialization, key) for key in keys]
            ),
            output_fields=self._shape.read_fields,
        )
        return to_batch(rows, self.schema)

    def drop(self, materializations: Sequence[int]) -> int:
        """Delete their rows, then ask for a compaction: until one, files keep deleted rows.

        Milvus then rewrites them within seconds, and removes the old files at its garbage
        collection (`dataCoord.gc.dropTolerance`, three hours by default). milvus-lite accepts
        the request and ignores it: after a flush it merges files of similar size, four or more.
        """
        if not materializations:
            return 0
        dropped = filters.bound(filters.MATERIALIZED, materializations=materializations)
        deleted = self._loaded(
            "drop materializations of",
            lambda: self._client.delete(
                self._collection,
                filter=dropped,
                consistency_level=WRITING_CONSISTENCY,
                timeout=_CALL_SECONDS,
            ),
        )
        self._flush()
        with translated("milvus", f"compact {self._collection}", is_retryable):
            self._client.compact(self._collection, timeout=_CALL_SECONDS)
        # milvus-lite answers with the deleted keys, Milvus with their number.
        return len(deleted) if isinstance(deleted, list) else int(deleted["delete_count"])

    def rows_of_user(self, user_id: str) -> int:
        if "user_id" not in self.schema.names:
            return 0
        return self._count(
            "count the rows of a user in", filters.bound(filters.OF_USER, user_id=user_id)
        )

    def _pages(
        self, materializations: Sequence[int], fields: list[str], row_limit: int
    ) -> Iterator[list[Row]]:
        """Pages by row id: both flags make the server order them, as for its iterators."""
        last, partitions = "", self._partitions_of(materializations)
        while materializations:
            page = self._query(
                "read",
                filter=filters.bound(
                    filters.MATERIALIZED_AFTER_ROW, materializations=materializations, last=last
                ),
                output_fields=[ROW_ID, *fields],
                partition_names=partitions,
                limit=row_limit,
                iterator="True",
                reduce_stop_for_best="True",
            )
            if not page:
                return
            yield page
            last = page[-1][ROW_ID]

    def _by_partition(self, rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
        """The partition, which is there, for each of the rows; the default one is unnamed."""
        yield "", rows

    def _insert(self, rows: list[Row], partition: str) -> None:
        for start in range(0, len(rows), ROWS_PER_REQUEST):
            # Every row is new, unless a task is tried again: one that is there twice is read
            # once. To upsert, milvus-lite looks for each row among all that were deleted.
            self._client.insert(
                self._collection,
                rows[start : start + ROWS_PER_REQUEST],
                partition_name=partition,
                timeout=_CALL_SECONDS,
            )

    def _partitions_of(self, materializations: Sequence[int]) -> list[str]:
        """Those outside of which no row of these is. None: rows may be anywhere."""
        return []

    def _flush(self) -> None:
        with translated("milvus", f"flush {self._collection}", is_retryable):
            self._client.flush(self._collection, timeout=_CALL_SECONDS)

    def _count(self, attempted: str, of: str) -> int:
        [row] = self._query(attempted, filter=of, output_fields=["count(*)"])
        return int(row["count(*)"])

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()


class MessageVectors(_CollectionTarget):
    """One row a message and materialization of its day, with the vector of its text."""

    name = "milvus/messages"
    schema = MESSAGE_VECTOR_SCHEMA
    _shape = MESSAGE_SHAPE

    def __init__(self, settings: StoreSettings, *, collection: str = MESSAGES) -> None:
        super().__init__(settings, collection)


class _Profiles(_CollectionTarget):
    """Each materialization is a partition: an index is built of its vectors once and of no
    others, a search walks no more than that, and to drop it is to delete its files."""

    def _by_partition(self, rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
        for materialization, its_rows in groupby(rows, itemgetter(MATERIALIZATION)):
            name = profiles_partition(materialization)
            self._create_partition(name)
            yield name, list(its_rows)

    def _create_partition(self, name: str) -> None:
        """Where it is not there yet."""
        client, collection = self._client, self._collection
        if client.has_partition(collection, name, timeout=_CALL_SECONDS):
            return
        try:
            client.create_partition(collection, name, timeout=_CALL_SECONDS)
        except MilvusException:
            # Another task was faster: milvus-lite refuses then, Milvus does not.
            if not client.has_partition(collection, name, timeout=_CALL_SECONDS):
                raise

    def _partitions_of(self, materializations: Sequence[int]) -> list[str]:
        there = self._partitions_there(materializations)
        # An earlier version wrote outside of any.
        return there if len(there) == len(materializations) else []

    def _partitions_there(self, materializations: Sequence[int]) -> list[str]:
        with translated("milvus", f"list the partitions of {self._collection}", is_retryable):
            there = self._client.list_partitions(self._collection, timeout=_CALL_SECONDS)
        return [name for name in map(profiles_partition, materializations) if name in there]

    def drop(self, materializations: Sequence[int]) -> int:
        """Drop their partitions, and the rows that an earlier version wrote outside of any."""
        if not materializations:
            return 0
        client, collection = self._client, self._collection
        rows = self._count(
            "count what is to be dropped of",
            filters.bound(filters.MATERIALIZED, materializations=materializations),
        )
        if partitions := self._partitions_there(materializations):
            with translated("milvus", f"drop partitions of {collection}", is_retryable):
                # Milvus drops none that is loaded; milvus-lite loads and releases collections only.
                version = client.get_server_version(timeout=_CALL_SECONDS)
                if not version.startswith("milvus_lite"):
                    client.release_partitions(collection, partitions, timeout=_CALL_SECONDS)
                for name in partitions:
                    client.drop_partition(collection, name, timeout=_CALL_SECONDS)
        super().drop(materializations)
        return rows


class UserProfiles(_Profiles):
    """One row a user and materialization."""

    name = "milvus/user_profiles"
    schema = USER_PROFILE_SCHEMA
    _shape = USER_PROFILE_SHAPE

    def __init__(self, settings: StoreSettings, *, collection: str = USER_PROFILES) -> None:
        super().__init__(settings, collection)


class CampaignProfiles(_Profiles):
    """One row a campaign and materialization."""

    name = "milvus/campaign_profiles"
    schema = CAMPAIGN_PROFILE_SCHEMA
    _shape = CAMPAIGN_PROFILE_SHAPE

    def __init__(self, settings: StoreSettings, *, collection: str = CAMPAIGN_PROFILES) -> None:
        super().__init__(settings, collection)

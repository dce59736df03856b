"""Profiles: where the messages of a user, or of a campaign, lie in the embedding space.

Vectors are added up by key twice, as a combiner and a reducer do: where a part of the messages
is read, a bounded number of rows at a time, then over all parts. In between go a key's
`_TOTALS`, not its messages.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import Batches, spark_schema
from mpp_assets.jobs.embeddings import map_message_embeddings
from mpp_stores.lake import Lake
from mpp_stores.records import (
    CAMPAIGN_PROFILE_SCHEMA,
    USER_PROFILE_SCHEMA,
    UTC_TIMESTAMP,
    columns,
)
from mpp_stores.vectors import matrix

# 80 MB of totals.
_ROWS_ADDED_UP = 25_000
_TOTALS = columns(
    pa.field("key", pa.string()),
    pa.field("message_count", pa.int64()),
    pa.field("last_at", UTC_TIMESTAMP),
    pa.field("total", pa.list_(pa.float64())),
)
# Between processes a vector is its bytes, which Spark passes on as one value, and not number by
# number.
_PACKED_TOTALS = columns(*list(_TOTALS)[:-1], pa.field("total", pa.binary()))


def user_profiles(spark: SparkSession, lake: Lake) -> DataFrame:
    """One row a user (`USER_PROFILE_SCHEMA`)."""
    return _unit_means(spark, lake, USER_PROFILE_SCHEMA)


def campaign_profiles(spark: SparkSession, lake: Lake) -> DataFrame:
    """One row a campaign with messages (`CAMPAIGN_PROFILE_SCHEMA`)."""
    return _unit_means(spark, lake, CAMPAIGN_PROFILE_SCHEMA)


def _unit_means(spark: SparkSession, lake: Lake, profiles: pa.Schema) -> DataFrame:
    """The unit-length mean of the message vectors, by the first column of `profiles`.

    The mean direction is the maximum-likelihood centre of unit vectors under the
    von Mises-Fisher distribution (Banerjee et al. 2005), so cosine to it is the
    natural measure of nearness.
    """

    def unit_means(ordered: Batches) -> Batches:
        for totals in _totals_over_all(ordered):
            sums = matrix(totals["total"])
            units = sums / np.linalg.norm(sums, axis=1, keepdims=True)
            yield _with_vectors(totals.columns[:-1], units, profiles)

    read = [profiles.names[0], "sent_at", "embedding"]
    parts = map_message_embeddings(spark, lake, read, _totals_of_part, _PACKED_TOTALS)
    # All totals of a key in one partition, one after the other.
    return (
        parts.repartition("key")
        .sortWithinPartitions("key")
        .mapInArrow(unit_means, spark_schema(profiles))
    )


def _totals_of_part(messages: Batches) -> Batches:
    """Packed; a key can come again, after `_ROWS_ADDED_UP` rows."""
    held: list[pa.RecordBatch] = []
    for batch in messages:
        key, sent_at, embedding = batch.columns
        ones = pa.array(np.ones(len(batch), np.int64))
        held.append(pa.record_batch([key, ones, sent_at, embedding], names=_TOTALS.names))
        if sum(map(len, held)) >= _ROWS_ADDED_UP:
            yield _packed(_added_up(held))
            held = []
    if held:
        yield _packed(_added_up(held))


def _totals_over_all(ordered: Batches) -> Batches:
    """Of packed totals ordered by key: one row a key."""
    unfinished: list[pa.RecordBatch] = []
    for batch in ordered:
        totals = _added_up([*unfinished, _unpacked(batch)])
        finished = len(totals) - 1
        if finished:
            yield totals.slice(0, finished)
        unfinished = [totals.slice(finished)]
    yield from unfinished


def _packed(totals: pa.RecordBatch) -> pa.RecordBatch:
    vectors = pa.array([vector.tobytes() for vector in matrix(totals["total"])], pa.binary())
    return pa.RecordBatch.from_arrays([*totals.columns[:-1], vectors], schema=_PACKED_TOTALS)


def _unpacked(totals: pa.RecordBatch) -> pa.RecordBatch:
    numbers = np.frombuffer(b"".join(each.as_py() for each in totals["total"]), np.float64)
    return _with_vectors(totals.columns[:-1], numbers.reshape(len(totals), -1), _TOTALS)


def _added_up(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One row a key, ordered by it (`_TOTALS`)."""
    rows = pa.Table.from_batches(batches).combine_chunks()
    order = pc.sort_indices(rows["key"]).to_numpy()
    keys = rows["key"].take(order)
    begins = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1)).to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], begins]))
    counts = np.add.reduceat(rows["message_count"].to_numpy()[order], starts)
    last = np.maximum.reduceat(rows["last_at"].cast(pa.int64()).to_numpy()[order], starts)
    totals = np.add.reduceat(matrix(rows["total"])[order], starts, axis=0, dtype=np.float64)
    scalars = [
        keys.take(starts).combine_chunks(),
        pa.array(counts),
        pa.array(last).cast(UTC_TIMESTAMP),
    ]
    return _with_vectors(scalars, totals, _TOTALS)


def _with_vectors(
    scalars: list["pa.Array[pa.Scalar]"], vectors: np.ndarray, schema: pa.Schema
) -> pa.RecordBatch:
    """The columns of `schema`, the last of them the vectors."""
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.RecordBatch.from_arrays([*scalars, rows.cast(schema.types[-1])], schema=schema)

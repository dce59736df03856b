"""What can be wrong with vectors, in the lake and in Milvus."""

from collections.abc import Iterable
from datetime import date
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import Batches, spark_schema
from mpp_assets.jobs.event_quality import MOST_NAMED
from mpp_stores.lake import Lake
from mpp_stores.records import EMBEDDING_DIMENSION, columns
from mpp_stores.vectors import lengths, matrix

if TYPE_CHECKING:
    from mpp_stores.milvus.writer import MessageVectors

NORM_TOLERANCE = 1e-3
"""How far from 1 the length of a vector of 32-bit numbers may be."""

COPY_TOLERANCE = 1e-6
SAMPLED_MESSAGES = 200

_BAD_VECTORS = columns(pa.field("id", pa.string()), pa.field("fault", pa.string()))


def bad_vectors(batches: Iterable[pa.RecordBatch]) -> Batches:
    """Of ids and their vectors, those that have another dimension, a number that is not finite,
    or a length other than 1 (`_BAD_VECTORS`)."""
    for batch in batches:
        ids, embeddings = batch.columns
        faults = _faults(embeddings)
        found = pa.RecordBatch.from_arrays([ids, faults], schema=_BAD_VECTORS)
        yield found.filter(faults.is_valid())


def ids_by_fault(found: Iterable[pa.RecordBatch]) -> dict[str, list[str]]:
    """At most `MOST_NAMED` of what `bad_vectors` found."""
    by_fault: dict[str, list[str]] = {}
    rows = chain.from_iterable(batch.to_pylist() for batch in found)
    for row in islice(rows, MOST_NAMED):
        by_fault.setdefault(row["fault"], []).append(row["id"])
    return by_fault


def ids_of_bad_vectors(embeddings: DataFrame) -> dict[str, list[str]]:
    """`ids_by_fault`, of messages."""
    found = embeddings.select("message_id", "embedding").mapInArrow(
        bad_vectors, spark_schema(_BAD_VECTORS)
    )
    return ids_by_fault(found.limit(MOST_NAMED).toArrow().to_batches())


def days_of_other_models(lake: Lake, model: str) -> dict[str, list[str]]:
    """By model, ISO days whose messages it embedded; at most `MOST_NAMED` of each."""
    return {
        other: [day.isoformat() for day in days[:MOST_NAMED]]
        for other, days in lake.days_by_embedding_model().items()
        if other != model
    }


def ids_of_differing_copies(
    rows: DataFrame, target: "MessageVectors", number: int, day: date
) -> list[str]:
    """Of a sample of the day's messages, those whose vector in the store is not the lake's."""
    sample = rows.where(f.col("event_day") == f.lit(day)).orderBy(f.crc32("message_id"))
    expected = {
        row["message_id"]: row["embedding"]
        for row in sample.select("message_id", "embedding").limit(SAMPLED_MESSAGES).collect()
    }
    stored = {
        row["message_id"]: row["embedding"]
        for row in target.read_keys(number, list(expected)).to_pylist()
    }
    return [
        message_id
        for message_id, vector in expected.items()
        if message_id not in stored
        or not np.allclose(stored[message_id], vector, rtol=0, atol=COPY_TOLERANCE)
    ][:MOST_NAMED]


def _faults(embeddings: "pa.Array[Any]") -> pa.StringArray:
    """The first fault of each vector, null for a good one."""
    whole = lengths(embeddings) == EMBEDDING_DIMENSION
    numbers = matrix(embeddings.filter(pa.array(whole))).astype(np.float64)
    finite = np.isfinite(numbers).all(axis=1)
    is_unit = np.abs(np.linalg.norm(numbers, axis=1) - 1) <= NORM_TOLERANCE
    of_whole = np.full(len(numbers), "norm", dtype=object)
    of_whole[is_unit] = None
    of_whole[~finite] = "not_finite"
    faults = np.full(len(embeddings), "dimension", dtype=object)
    faults[whole] = of_whole
    return pa.array(faults, pa.string())

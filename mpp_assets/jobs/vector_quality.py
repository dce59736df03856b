"""What can be wrong with vectors, in the lake and in Milvus."""

from datetime import date

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from mpp_assets.jobs.event_quality import MOST_NAMED
from mpp_stores.records import EMBEDDING_DIMENSION
from mpp_stores.target import Target

NORM_TOLERANCE = 1e-3
"""How far from 1 the length of a vector of 32-bit numbers may be."""

COPY_TOLERANCE = 1e-6
SAMPLED_MESSAGES = 200


def ids_of_bad_vectors(rows: DataFrame, key: str = "message_id") -> dict[str, list[str]]:
    """By fault, the rows whose vector has another dimension, a number that is not finite, or
    a length other than 1."""
    numbers = f.col("embedding")
    faults = {
        "dimension": numbers.isNull() | (f.size(numbers) != EMBEDDING_DIMENSION),
        "not_finite": f.exists(numbers, _is_not_finite),
        "norm": f.abs(f.sqrt(_squared_length(numbers)) - 1) > NORM_TOLERANCE,
    }
    first_fault = f.coalesce(*(f.when(wrong, f.lit(name)) for name, wrong in faults.items()))
    found: dict[str, list[str]] = {}
    bad = rows.select(key, first_fault.alias("fault")).where("fault is not null")
    for row in bad.limit(MOST_NAMED).collect():
        found.setdefault(row["fault"], []).append(row[key])
    return found


def ids_of_differing_copies(rows: DataFrame, target: Target, number: int, day: date) -> list[str]:
    """Of a sample of the day's messages, those whose vector in the store is not the lake's."""
    sample = rows.where(f.col("event_day") == f.lit(day)).orderBy(f.crc32("message_id"))
    expected = {
        row["message_id"]: row["embedding"]
        for row in sample.select("message_id", "embedding").limit(SAMPLED_MESSAGES).collect()
    }
    stored = {
        row["message_id"]: row["embedding"]
        for batch in target.read([number])
        for row in batch.to_pylist()
        if row["message_id"] in expected
    }
    return [
        message_id
        for message_id, vector in expected.items()
        if message_id not in stored
        or not np.allclose(stored[message_id], vector, rtol=0, atol=COPY_TOLERANCE)
    ][:MOST_NAMED]


def _is_not_finite(number: Column) -> Column:
    return number.isNull() | f.isnan(number) | (f.abs(number) == float("inf"))


def _squared_length(numbers: Column) -> Column:
    return f.aggregate(
        numbers, f.lit(0.0), lambda total, number: total + number.cast("double") ** 2
    )

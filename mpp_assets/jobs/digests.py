"""Digests of rows in Spark, equal to those that the stores compute."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as f

from mpp_stores.target import NOTHING, Digest


def identity_hash_column(key: Sequence[str]) -> Column:
    """`mpp_stores.target.identity_hash` of the key's columns."""
    return f.crc32(f.concat_ws("\x1f", *(f.col(name).cast("string") for name in key)))


def digest_columns(key: Sequence[str]) -> tuple[Column, Column]:
    """What `digest_of` makes the digest of rows of: their number, and the sum of their hashes."""
    hashes = f.coalesce(f.sum(identity_hash_column(key)), f.lit(0))
    return f.count(f.lit(1)).alias("rows"), hashes.alias("hash")


def digest_of(found: Mapping[str, Any] | Row) -> Digest:
    return Digest(found["rows"], found["hash"])


def digests_by_day(
    rows: DataFrame, days: Sequence[date], key: Sequence[str] = ("message_id",)
) -> Mapping[date, Digest]:
    """One entry a day given, `NOTHING` for a day without rows."""
    counted = rows.groupBy("event_day").agg(*digest_columns(key)).collect()
    found = {row["event_day"]: digest_of(row) for row in counted}
    return {day: found.get(day, NOTHING) for day in days}

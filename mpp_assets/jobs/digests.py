"""Digests of rows in Spark, equal to those that the stores compute."""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from mpp_stores.target import NOTHING, Digest


def identity_hash_column(key: Sequence[str]) -> Column:
    """`mpp_stores.target.identity_hash` of the key's columns."""
    return f.crc32(f.concat_ws("\x1f", *(f.col(name).cast("string") for name in key)))


def digests_by_day(
    rows: DataFrame, days: Sequence[date], key: Sequence[str] = ("message_id",)
) -> Mapping[date, Digest]:
    """One entry a day given, `NOTHING` for a day without rows."""
    counted = (
        rows.groupBy("event_day")
        .agg(f.count("*").alias("rows"), f.sum(identity_hash_column(key)).alias("hash"))
        .collect()
    )
    found = {row["event_day"]: Digest(row["rows"], row["hash"]) for row in counted}
    return {day: found.get(day, NOTHING) for day in days}

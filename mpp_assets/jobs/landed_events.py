"""Landed events: the accepted records of every batch, as it landed last."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType

from mpp_assets.jobs.datasets import spark_schema
from mpp_stores.lake import LANDED_EVENT_SCHEMA, BatchSummary, Lake


def read_landed_events(
    spark: SparkSession, lake: Lake, days: Sequence[date] | None = None
) -> DataFrame:
    """The landed events of the given days, or of all."""
    return read_landings(spark, lake, lake.summaries(), days)


def read_landings(
    spark: SparkSession,
    lake: Lake,
    landings: Iterable[BatchSummary],
    days: Sequence[date] | None = None,
) -> DataFrame:
    """The events of these landings only, whatever else lies beside them."""
    return read_day_folders(spark, lake, day_folders(lake, landings, days))


def day_folders(
    lake: Lake, landings: Iterable[BatchSummary], days: Sequence[date] | None = None
) -> list[Path]:
    """Where the events of the landings lie, of the given days or of all."""
    wanted = None if days is None else {day.isoformat() for day in days}
    return [
        lake.landed(landing.batch, landing.landing) / f"event_day={day}"
        for landing in landings
        for day in landing.event_days
        if wanted is None or day in wanted
    ]


def read_day_folders(spark: SparkSession, lake: Lake, folders: Sequence[Path]) -> DataFrame:
    """The events of day folders of landings. One Spark call, however many there are."""
    schema = spark_schema(LANDED_EVENT_SCHEMA)
    if not folders:
        return spark.createDataFrame([], schema)
    # The declared types win over what Spark would infer from folder names.
    return (
        spark.read.schema(schema.add("batch_key", StringType()))
        .option("basePath", str(lake.landed_events))
        .parquet(*map(str, folders))
        .select(LANDED_EVENT_SCHEMA.names)
    )

"""Reading and replacing the lake's Parquet datasets with Spark."""

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType


def spark_schema(schema: pa.Schema) -> StructType:
    """The Spark form of a store's Arrow schema; times keep their zone."""
    return from_arrow_schema(schema)


def read_dataset(
    spark: SparkSession, path: Path, schema: pa.Schema, days: Sequence[date] | None = None
) -> DataFrame:
    """The rows of a dataset, of the given event days or all. A missing dataset has no rows."""
    if not path.exists():
        return spark.createDataFrame([], spark_schema(schema))
    # Partition columns come last, wherever the schema has them.
    rows = spark.read.schema(spark_schema(schema)).parquet(str(path)).select(schema.names)
    if days is None:
        return rows
    return rows.where(f.col("event_day").isin(list(days)))


def replace_days(rows: DataFrame, path: Path, days: Sequence[date]) -> None:
    """Make `rows` the dataset's whole content for `days`, one sorted file a day.

    Spark stages the new files and swaps the days in when the write commits, so a
    failed write changes nothing. Days left without rows are removed afterwards.
    """
    observed = Observation("replaced")
    (
        rows.observe(observed, f.collect_set("event_day").alias("days"))
        .repartition("event_day")
        .sortWithinPartitions("event_day", "message_id")
        .write.mode("overwrite")
        .option("partitionOverwriteMode", "dynamic")
        .partitionBy("event_day")
        .parquet(str(path))
    )
    for day in set(days).difference(observed.get["days"]):
        shutil.rmtree(path / f"event_day={day}", ignore_errors=True)

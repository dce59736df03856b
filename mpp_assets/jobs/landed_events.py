"""Landed events: the accepted records of every batch, as it landed last."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import Batches, spark_schema
from mpp_stores.lake import LANDED_EVENT_SCHEMA, BatchSummary, Lake

_DAY = "event_day"
# Their fields can be long.
_ROWS_A_BATCH = 2_000


def day_folders(
    lake: Lake, landings: Iterable[BatchSummary], days: Sequence[date] | None = None
) -> list[Path]:
    """Where the events of these landings lie, of the given days or of all."""
    wanted = None if days is None else {day.isoformat() for day in days}
    return [
        lake.landed(landing.batch, landing.landing) / f"{_DAY}={day}"
        for landing in landings
        for day in landing.event_days
        if wanted is None or day in wanted
    ]


def read_day_folders(
    spark: SparkSession,
    folders: Sequence[Path],
    columns: Sequence[str] = LANDED_EVENT_SCHEMA.names,
) -> DataFrame:
    """These columns of the events in day folders of landings.

    The executors read the files by Arrow: there is a file for each batch and day, and of many
    small ones Spark's own reader takes five times as long.
    """
    schema = pa.schema([LANDED_EVENT_SCHEMA.field(name) for name in columns])
    in_files = [name for name in columns if name != _DAY]

    def read(batches: Batches) -> Batches:
        for file, day in (row.values() for batch in batches for row in batch.to_pylist()):
            parquet = pq.ParquetFile(file, coerce_int96_timestamp_unit="us")
            for rows in parquet.iter_batches(_ROWS_A_BATCH, columns=in_files):
                days = pa.repeat(pa.scalar(day, pa.date32()), len(rows))
                yield rows.append_column(_DAY, days).select(list(columns)).cast(schema)

    files = [
        (str(file), date.fromisoformat(folder.name.removeprefix(f"{_DAY}=")))
        for folder in folders
        for file in sorted(folder.glob("*.parquet"))
    ]
    named = spark.createDataFrame(files, "file string, day date")
    return named.mapInArrow(read, spark_schema(schema))

"""Landed events: the accepted records of every batch, as it landed last."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import map_day_folders
from mpp_stores.lake import LANDED_EVENT_SCHEMA, BatchSummary, Lake


def day_folders(
    lake: Lake, landings: Iterable[BatchSummary], days: Sequence[date] | None = None
) -> list[Path]:
    """Where the events of these landings lie, of the given days or of all."""
    wanted = None if days is None else {day.isoformat() for day in days}
    return [
        lake.landed(landing.batch, landing.landing) / f"event_day={day}"
        for landing in landings
        for day in landing.event_days
        if wanted is None or day in wanted
    ]


def read_day_folders(
    spark: SparkSession,
    folders: Sequence[Path],
    columns: Sequence[str] = LANDED_EVENT_SCHEMA.names,
) -> DataFrame:
    """These columns of the events in day folders of landings, of which each batch has its own."""
    schema = pa.schema([LANDED_EVENT_SCHEMA.field(name) for name in columns])
    return map_day_folders(spark, folders, schema, lambda batches: batches, schema)

"""Landing: a file becomes a batch of accepted and rejected events."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import read_dataset, spark_schema
from mpp_assets.jobs.landing_files import InputRecord, read_records
from mpp_stores.events import ConversationEvent, Rejection, validate
from mpp_stores.lake import (
    LANDED_EVENT_SCHEMA,
    REJECTED_EVENT_SCHEMA,
    BatchSummary,
    Lake,
)

_ROWS_A_BATCH = 5_000

# Every record of a file, accepted or not: `reasons` is null when it was accepted.
_CHECKED_RECORD_SCHEMA = pa.schema(
    [
        *LANDED_EVENT_SCHEMA,
        REJECTED_EVENT_SCHEMA.field("reasons"),
        REJECTED_EVENT_SCHEMA.field("record"),
    ]
)


def land_batch(spark: SparkSession, lake: Lake, file: Path) -> BatchSummary:
    """Parse, normalise and validate one landed file; replace its batch in the lake.

    The batch is named by the file. Of valid records with the same message_id the
    last one in the file counts, the others are duplicates.

    Raises:
        FileNotFoundError: the file is not there; the batch is left as it was.
    """
    if not file.is_file():
        raise FileNotFoundError(f"batch {file.name!r}: no file {file}; land it again")
    touched_days = _days_of_messages(spark, lake, file.name)
    checked = _check_records(spark, file).persist(StorageLevel.DISK_ONLY)
    try:
        valid = checked.where(f.col("reasons").isNull())
        last = Window.partitionBy("message_id").orderBy(f.desc("position"))
        accepted = (
            valid.withColumn("repeat", f.row_number().over(last))
            .where(f.col("repeat") == 1)
            .select(LANDED_EVENT_SCHEMA.names)
        )
        rejected = checked.where(f.col("reasons").isNotNull()).select(REJECTED_EVENT_SCHEMA.names)
        _replace_batch(accepted, rejected, lake, file.name)
        touched_days |= _days_of_messages(spark, lake, file.name)
        summary = _summarise(checked, lake, file.name, touched_days)
    finally:
        checked.unpersist()
    lake.write_summary(summary)
    return summary


def _check_records(spark: SparkSession, file: Path) -> DataFrame:
    landed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def check(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = []
        for batch in batches:
            for row in batch.to_pylist():
                for record in read_records(Path(row["path"])):
                    rows.append(_checked_row(record, file.name, landed_at))
                    if len(rows) == _ROWS_A_BATCH:
                        yield pa.RecordBatch.from_pylist(rows, schema=_CHECKED_RECORD_SCHEMA)
                        rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=_CHECKED_RECORD_SCHEMA)

    files = spark.createDataFrame([(str(file),)], "path string").coalesce(1)
    return files.mapInArrow(check, spark_schema(_CHECKED_RECORD_SCHEMA))


def _checked_row(record: InputRecord, batch: str, landed_at: datetime) -> dict[str, object]:
    outcome = Rejection([record.fault]) if record.fault else validate(record.value)
    found: dict[str, object] = {"batch": batch, "position": record.position}
    match outcome:
        case Rejection(reasons):
            # A lone surrogate is valid JSON but not UTF-8.
            raw = record.raw.encode("utf-8", "backslashreplace").decode()
            return found | {"reasons": reasons, "record": raw}
        case ConversationEvent() as event:
            return found | {
                "message_id": event.message_id,
                "user_id": event.user_id,
                "campaign_id": event.campaign_id,
                "text": event.text,
                "sent_at": event.sent_at,
                "event_day": event.sent_at.date(),
                "attributes": json.dumps(event.model_extra, sort_keys=True),
                "landed_at": landed_at,
            }


def _replace_batch(accepted: DataFrame, rejected: DataFrame, lake: Lake, batch: str) -> None:
    accepted.repartition("event_day").write.mode("overwrite").partitionBy("event_day").parquet(
        str(lake.landed_batch(batch))
    )
    rejected.coalesce(1).write.mode("overwrite").parquet(str(lake.rejected_batch(batch)))


def _days_of_messages(spark: SparkSession, lake: Lake, batch: str) -> set[date]:
    """Days on which any batch holds a message of this one: which of them counts may change."""
    messages = read_dataset(spark, lake.landed_batch(batch), LANDED_EVENT_SCHEMA)
    landed = read_dataset(spark, lake.landed_events, LANDED_EVENT_SCHEMA)
    same = landed.join(messages.select("message_id"), "message_id", "left_semi")
    return {row["event_day"] for row in same.select("event_day").distinct().collect()}


def _summarise(checked: DataFrame, lake: Lake, batch: str, touched_days: set[date]) -> BatchSummary:
    valid = f.col("reasons").isNull()
    [counts] = checked.agg(
        f.count("*").alias("read"),
        f.count_if(valid).alias("valid"),
        f.count_distinct("message_id").alias("accepted"),
    ).collect()
    reasons = (
        checked.where(~valid)
        .select(f.explode("reasons").alias("reason"))
        .groupBy("reason")
        .count()
        .orderBy("reason")
        .collect()
    )
    event_days = lake.days_of(lake.landed_batch(batch))
    return BatchSummary(
        batch=batch,
        read=counts["read"],
        accepted=counts["accepted"],
        rejected=counts["read"] - counts["valid"],
        duplicates=counts["valid"] - counts["accepted"],
        rejected_by_reason={row["reason"]: row["count"] for row in reasons},
        event_days=[day.isoformat() for day in event_days],
        touched_days=[day.isoformat() for day in sorted(touched_days)],
    )

"""Every record of a landed file, held against the contract."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import spark_schema
from mpp_assets.jobs.landing_files import InputRecord, read_records
from mpp_stores.contract import Contract
from mpp_stores.events import (
    USER_ERASED,
    ConversationEvent,
    Frozen,
    Rejection,
    users_of,
    validate,
)
from mpp_stores.lake import LANDED_EVENT_SCHEMA, REJECTED_EVENT_SCHEMA
from mpp_stores.postgres.erasures import ErasedSubjects

EXCERPT_CHARACTERS = 1_000
"""What is kept of a record that is too long, or of the unreadable rest of a file."""

# `reasons` is null when the record was accepted. `frozen` is what the whole batch fails for.
_CHECKED_RECORD_SCHEMA = pa.schema(
    [
        *LANDED_EVENT_SCHEMA,
        REJECTED_EVENT_SCHEMA.field("reasons"),
        REJECTED_EVENT_SCHEMA.field("record"),
        pa.field("frozen", pa.string()),
    ]
)
_ROWS_A_BATCH = 5_000
_CHARACTERS_A_BATCH = 8_000_000


def check_records(
    spark: SparkSession, file: Path, contract: Contract, erased: ErasedSubjects
) -> DataFrame:
    """The records as they come: LANDED_EVENT_SCHEMA, `reasons`, `record`, `frozen`.

    After a frozen one no other is read.
    """
    landed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def rows() -> Iterator[dict[str, object]]:
        for record in read_records(file):
            row = _checked_row(record, contract, erased)
            yield row | {"batch": file.name, "position": record.position, "landed_at": landed_at}
            if row.get("frozen"):
                return

    def check(one_row: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        list(one_row)  # Spark ends a worker whose input was not read to its end.
        batch: list[dict[str, object]] = []
        characters = 0
        for row in rows():
            batch.append(row)
            characters += sum(len(each) for each in row.values() if isinstance(each, str))
            if len(batch) == _ROWS_A_BATCH or characters >= _CHARACTERS_A_BATCH:
                yield pa.RecordBatch.from_pylist(batch, schema=_CHECKED_RECORD_SCHEMA)
                batch, characters = [], 0
        if batch:
            yield pa.RecordBatch.from_pylist(batch, schema=_CHECKED_RECORD_SCHEMA)

    one_task = spark.range(1).coalesce(1)
    return one_task.mapInArrow(check, spark_schema(_CHECKED_RECORD_SCHEMA))


def _checked_row(
    record: InputRecord, contract: Contract, erased: ErasedSubjects
) -> dict[str, object]:
    if record.fault:
        return {"reasons": [record.fault.value], "record": _text(record)}
    if any(map(erased.includes, users_of(record.value))):
        return {"reasons": [USER_ERASED], "record": ""}
    match validate(record.value, contract):
        case Frozen(deviation):
            return {"frozen": deviation}
        case Rejection(reasons):
            return {"reasons": reasons, "record": _text(record)}
        case ConversationEvent() as event:
            return {
                "message_id": event.message_id,
                "user_id": event.user_id,
                "campaign_id": event.campaign_id,
                "text": event.text,
                "sent_at": event.sent_at,
                "event_day": event.sent_at.date(),
                "attributes": json.dumps(event.model_extra, sort_keys=True),
            }


def _text(record: InputRecord) -> str:
    """What to keep of a rejected record; bytes that are no UTF-8 are written as escapes."""
    text = record.raw or _excerpt(record)
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _excerpt(record: InputRecord) -> str:
    excerpt = ""
    for piece in record.pieces:
        excerpt += piece[: EXCERPT_CHARACTERS + 1]
        if len(excerpt) > EXCERPT_CHARACTERS:
            return excerpt[:EXCERPT_CHARACTERS] + "…"
    return excerpt

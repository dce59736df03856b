"""Every record of landed files, held against the contract."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import Batches, spark_schema
from mpp_assets.jobs.landing_files import InputRecord, read_records
from mpp_stores.contract import Contract, ContractFrozen
from mpp_stores.events import (
    USER_ERASED,
    ConversationEvent,
    Frozen,
    Rejection,
    users_of,
    validate,
)
from mpp_stores.lake import LANDED_EVENT_SCHEMA, REJECTED_EVENT_SCHEMA, batch_key
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.records import columns

EXCERPT_CHARACTERS = 1_000
"""What is kept of a record that is too long, or of the unreadable rest of a file."""

MAX_REASONS = 100
"""Reasons that are counted by name: those of a feed can be as many as its fields."""

OTHER_REASONS = "other reasons"

# The columns that the folder of a landing is named by.
LANDING_FOLDER_SCHEMA = columns(pa.field("batch_key", pa.string()), pa.field("landing", pa.int64()))
# Of an accepted record `reasons` is null. `counts` is in a row without a record.
_CHECKED_RECORD_SCHEMA = pa.schema(
    [
        *LANDED_EVENT_SCHEMA,
        *LANDING_FOLDER_SCHEMA,
        REJECTED_EVENT_SCHEMA.field("reasons"),
        REJECTED_EVENT_SCHEMA.field("record"),
        pa.field("counts", pa.string()),
    ]
)
_ROWS_A_BATCH = 5_000
_CHARACTERS_A_BATCH = 8_000_000
_REASONS_TOLD_APART = 100 * MAX_REASONS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Landing:
    """A file, and the number of the landing that it is to become.

    `was_published` says whether a release holds the batch as it landed before: if so, the days
    that it touched then are not owed any more.
    """

    file: Path
    number: int
    was_published: bool = False


@dataclass(slots=True)
class FileCounts:
    """The records of a file, as far as it could be read. `failure` says why it cannot land: it
    could not be read on, or holds what the contract freezes on."""

    read: int = 0
    rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    users_erased: bool = False
    failure: str | None = None

    def add(self, reasons: Sequence[str] | None) -> None:
        """One record, and what it was rejected for."""
        self.read += 1
        if reasons is None:
            return
        self.rejected += 1
        self.users_erased |= USER_ERASED in reasons
        by_name = self.rejected_by_reason
        for reason in reasons:
            is_told_apart = reason in by_name or len(by_name) < _REASONS_TOLD_APART
            name = reason if is_told_apart else OTHER_REASONS
            by_name[name] = by_name.get(name, 0) + 1

    def to_json(self) -> str:
        """With the most frequent reasons by name, `MAX_REASONS`."""
        ordered = sorted(self.rejected_by_reason.items(), key=lambda item: (-item[1], item[0]))
        named = Counter(dict(ordered[:MAX_REASONS]))
        for _, count in ordered[MAX_REASONS:]:
            named[OTHER_REASONS] += count
        return json.dumps(asdict(replace(self, rejected_by_reason=dict(named))))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def check_records(
    spark: SparkSession, landings: Sequence[Landing], contract: Contract, erased: ErasedSubjects
) -> DataFrame:
    """The records of the files: LANDED_EVENT_SCHEMA, LANDING_FOLDER_SCHEMA, `reasons`, `record`.

    Those of a file are in one partition, in order. After them comes a row with its `counts`,
    `FileCounts` as JSON.
    """

    def check(batches: Batches) -> Batches:
        for number in (number for batch in batches for number in batch.column(0).to_numpy()):
            yield from _in_batches(_checked_rows(landings[number], contract, erased))

    numbers = spark.range(len(landings))
    return numbers.mapInArrow(check, spark_schema(_CHECKED_RECORD_SCHEMA))


def _in_batches(rows: Iterable[Row]) -> Batches:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(len(each) for each in row.values() if isinstance(each, str))
        if len(batch) == _ROWS_A_BATCH or characters >= _CHARACTERS_A_BATCH:
            yield pa.RecordBatch.from_pylist(batch, schema=_CHECKED_RECORD_SCHEMA)
            batch, characters = [], 0
    if batch:
        yield pa.RecordBatch.from_pylist(batch, schema=_CHECKED_RECORD_SCHEMA)


def _checked_rows(landing: Landing, contract: Contract, erased: ErasedSubjects) -> Iterator[Row]:
    batch, counts = landing.file.name, FileCounts()
    same: Row = {"batch": batch, "batch_key": batch_key(batch), "landing": landing.number}
    try:
        landed_at = datetime.fromtimestamp(landing.file.stat().st_mtime, UTC)
        for record in read_records(landing.file):
            row = _checked_row(batch, record, contract, erased)
            counts.add(row.get("reasons"))
            yield row | same | {"position": record.position, "landed_at": landed_at}
    except ContractFrozen as error:
        counts.failure = str(error)
    except Exception as error:
        # Whatever it is: the other files are none the worse for it.
        counts.failure = f"{type(error).__name__}: {error}"
    yield same | {"counts": counts.to_json()}


def _checked_row(
    batch: str, record: InputRecord, contract: Contract, erased: ErasedSubjects
) -> Row:
    """Raises `ContractFrozen`."""
    if record.fault:
        return {"reasons": [record.fault.value], "record": _text(record)}
    if any(map(erased.includes, users_of(record.value))):
        return {"reasons": [USER_ERASED], "record": ""}
    match validate(record.value, contract):
        case Frozen(deviation):
            raise ContractFrozen(batch, record.position, deviation)
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

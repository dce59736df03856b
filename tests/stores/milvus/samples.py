"""Rows to write, and a writer that another process can run."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from mpp_stores.milvus.writer import MessageVectors
from mpp_stores.records import (
    CAMPAIGN_PROFILE_SCHEMA,
    EMBEDDING_DIMENSION,
    MESSAGE_VECTOR_SCHEMA,
    USER_PROFILE_SCHEMA,
)
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION

DAY = date(1999, 3, 14)
NEXT_DAY = date(1999, 3, 15)
NOON = datetime(1999, 3, 14, 12, 0, 0, 123_457, tzinfo=UTC)

FIRST = 7
SECOND = 8

HOSTILE_IDS = [
    '"',
    "' or 1==1",
    '" or user_id != "',
    'u\\"1',
    "u\\",
    "{last}",
    "8/u-1",
    "line\nbreak\ttab",
    "Zoë 🛒",
]


def vector(*head: float) -> list[float]:
    """A vector that starts with `head`; zeros follow."""
    return [*head, *[0.0] * (EMBEDDING_DIMENSION - len(head))]


def message(message_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "message_id": message_id,
        "user_id": "u-1",
        "campaign_id": "tents",
        "text": "Does the tent come in green?",
        "sent_at": NOON,
        "event_day": DAY,
        "embedding": vector(1.0),
    }
    return row | changes


def messages_batch(rows: Sequence[dict[str, Any]], materialization: int = FIRST) -> pa.RecordBatch:
    return _batch(rows, MESSAGE_VECTOR_SCHEMA, materialization)


def profile(user_id: str, **changes: Any) -> dict[str, Any]:
    row = {"user_id": user_id, "message_count": 3, "last_at": NOON, "embedding": vector(1.0)}
    return row | changes


def profiles_batch(rows: Sequence[dict[str, Any]], materialization: int = FIRST) -> pa.RecordBatch:
    return _batch(rows, USER_PROFILE_SCHEMA, materialization)


def campaign_profile(campaign_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "campaign_id": campaign_id,
        "message_count": 3,
        "last_at": NOON,
        "embedding": vector(1.0),
    }
    return row | changes


def campaigns_batch(rows: Sequence[dict[str, Any]], materialization: int = FIRST) -> pa.RecordBatch:
    return _batch(rows, CAMPAIGN_PROFILE_SCHEMA, materialization)


def _batch(
    rows: Sequence[dict[str, Any]], schema: pa.Schema, materialization: int
) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [row | {MATERIALIZATION: materialization} for row in rows],
        schema=schema.append(pa.field(MATERIALIZATION, pa.int64())),
    )


def rows_of(batches: Iterable[pa.RecordBatch], key: str) -> list[dict[str, Any]]:
    """Their rows by key, without the materialization."""
    rows = [
        {name: value for name, value in row.items() if name != MATERIALIZATION}
        for batch in batches
        for row in batch.to_pylist()
    ]
    return sorted(rows, key=lambda row: row[key])


def write_many(settings: StoreSettings, collection: str, prefix: str, row_count: int) -> int:
    rows = [
        message(f"{prefix}-{number:05}", sent_at=NOON + timedelta(seconds=number))
        for number in range(row_count)
    ]
    with MessageVectors(settings, collection=collection) as target:
        return target.write(messages_batch(rows))

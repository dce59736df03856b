"""Small batches of conversation documents."""

from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa

from mpp_stores.records import CONVERSATION_DOCUMENT_SCHEMA
from mpp_stores.target import MATERIALIZATION

FIRST_DAY = date(1999, 4, 1)
SECOND_DAY = date(1999, 4, 2)

HOSTILE_IDS = [
    "o'brien",
    'say "hi"',
    "back\\slash \\u0027",
    '{"$gt": ""}',
    "{$gt: ''}",
    "$where",
    "a.b",
    "x' OR '1'='1",
    "emoji 🎯 and ümlaut",
    "line\nbreak",
    "12345",
    "2024-01-01",
    "007",
    "17/m1",
    "null",
    "5f5f5f5f5f5f5f5f5f5f5f5f",
]


def conversation(
    message_id: str,
    user_id: str = "ada",
    day: date = FIRST_DAY,
    *,
    at: time = time(8, 30, 0, 123457),
    text: str = "how much is it?",
    attributes: str | None = "{}",
) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "user_id": user_id,
        "campaign_id": "spring",
        "text": text,
        "sent_at": datetime.combine(day, at, UTC),
        "event_day": day,
        "batch": "conversations.json",
        "position": 17,
        "attributes": attributes,
    }


def conversation_batch(*rows: dict[str, Any], materialization: int = 1) -> pa.RecordBatch:
    """The rows as `Target.write` takes them, all of one materialization."""
    batch = pa.RecordBatch.from_pylist(list(rows), schema=CONVERSATION_DOCUMENT_SCHEMA)
    numbers = pa.array([materialization] * len(rows), pa.int64())
    return batch.append_column(MATERIALIZATION, numbers)

"""Small batches in the shapes of the three tables."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)
from mpp_stores.target import MATERIALIZATION

FIRST_AT = datetime(1999, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)
LAST_AT = datetime(1999, 3, 5, 23, 59, 59, 999999, tzinfo=UTC)

Row = dict[str, Any]


def user_engagement(
    user_id: str, campaign_id: str = "spring", *, messages: int = 3, score: float = 0.5
) -> Row:
    return {
        "user_id": user_id,
        "campaign_id": campaign_id,
        "message_count": messages,
        "active_days": 2,
        "first_at": FIRST_AT,
        "last_at": LAST_AT,
        "engagement_score": score,
        "engagement_level": "medium",
    }


def campaign_performance(campaign_id: str, *, score: float = 0.5) -> Row:
    return {
        "campaign_id": campaign_id,
        "message_count": 10,
        "user_count": 4,
        "active_days": 3,
        "messages_per_user": 2.5,
        "returning_user_share": 0.25,
        "recent_message_count": 1,
        "first_at": FIRST_AT,
        "last_at": LAST_AT,
        "performance_score": score,
    }


def daily_activity(event_day: date, *, messages: int = 24) -> Row:
    return {
        "event_day": event_day,
        "message_count": messages,
        "user_count": 5,
        "campaign_count": 2,
        "hourly_message_counts": list(range(24)),
    }


def engagement_batch(*rows: Row, materialization: int = 1) -> pa.RecordBatch:
    return _batch(rows, USER_ENGAGEMENT_SCHEMA, materialization)


def performance_batch(*rows: Row, materialization: int = 1) -> pa.RecordBatch:
    return _batch(rows, CAMPAIGN_PERFORMANCE_SCHEMA, materialization)


def activity_batch(*rows: Row, materialization: int = 1) -> pa.RecordBatch:
    return _batch(rows, DAILY_ACTIVITY_SCHEMA, materialization)


def _batch(rows: tuple[Row, ...], schema: pa.Schema, materialization: int) -> pa.RecordBatch:
    """Rows that name a materialization themselves keep it."""
    return pa.RecordBatch.from_pylist(
        [{MATERIALIZATION: materialization, **row} for row in rows],
        schema=schema.append(pa.field(MATERIALIZATION, pa.int64())),
    )

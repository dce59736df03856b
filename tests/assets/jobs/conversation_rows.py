"""Conversation events made by hand, for the jobs that read them."""

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import spark_schema
from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA


def event(user: str, campaign: str, sent_at: str, text: str = "hello") -> dict[str, Any]:
    """A row; its message_id is made of user, campaign and time."""
    at = datetime.fromisoformat(sent_at).replace(tzinfo=UTC)
    return {
        "message_id": f"{user}/{campaign}/{sent_at}",
        "user_id": user,
        "campaign_id": campaign,
        "text": text,
        "sent_at": at,
        "event_day": at.date(),
        "batch": "made-by-hand.json",
        "position": 1,
        "attributes": "{}",
    }


def events(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame(rows, spark_schema(CONVERSATION_EVENT_SCHEMA))

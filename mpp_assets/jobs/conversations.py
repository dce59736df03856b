"""Conversation events: the events of a day over all batches, one row a message_id."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import read_dataset, replace_days
from mpp_assets.jobs.landed_events import day_folders, read_day_folders
from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA, Lake


def read_conversation_events(
    spark: SparkSession, lake: Lake, days: Sequence[date] | None = None
) -> DataFrame:
    """The conversation events of the given days, or of all."""
    return read_dataset(spark, lake.conversation_events, CONVERSATION_EVENT_SCHEMA, days)


def build_conversation_events(spark: SparkSession, lake: Lake, days: Sequence[date]) -> None:
    """Replace the days' conversation events with what the landed batches hold of them.

    Of the rows of a message_id the one of the batch that landed last counts, also when
    that batch moved the message to another day.
    """
    landings = lake.summaries()
    landed = read_day_folders(spark, day_folders(lake, landings, days))
    everywhere = read_day_folders(
        spark, day_folders(lake, landings), ["message_id", "landed_at", "batch"]
    )
    latest = latest_of_each_message(
        everywhere.join(landed.select("message_id").distinct(), "message_id", "left_semi")
    )
    events = landed.join(latest, ["message_id", "batch"], "left_semi")
    replace_days(events.select(CONVERSATION_EVENT_SCHEMA.names), lake.conversation_events, days)


def latest_of_each_message(landed: DataFrame) -> DataFrame:
    """For each message_id, the batch that landed last: (message_id, batch)."""
    latest = Window.partitionBy("message_id").orderBy(f.desc("landed_at"), f.desc("batch"))
    return (
        landed.withColumn("rank", f.row_number().over(latest))
        .where(f.col("rank") == 1)
        .select("message_id", "batch")
    )

"""Do the figures add up to the events?"""

from collections import Counter
from collections.abc import Iterable

import dagster as dg
import pyarrow as pa
from dagster_pyspark import LazyPySparkResource

from mpp_assets.asset_checks import checked_days, holds_every, newest_number, result, store_check
from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.event_quality import MOST_NAMED
from mpp_assets.resources import Platform
from mpp_stores.targets import open_target

user_engagement_holds_every_engagement = holds_every(
    user_engagement,
    "engagement",
    lambda events: events.select("user_id", "campaign_id").distinct(),
)
campaign_performance_holds_every_campaign = holds_every(
    campaign_performance, "campaign", lambda events: events.select("campaign_id").distinct()
)


def counts_every_message(asset: dg.AssetsDefinition, by: str) -> dg.AssetChecksDefinition:
    @store_check(asset=asset, name="counts_every_message", blocking=True)
    def check(
        context: dg.AssetCheckExecutionContext, platform: Platform, spark: LazyPySparkResource
    ) -> dg.AssetCheckResult:
        """Do the message counts add up to the events, for every campaign or day?"""
        if asset.partitions_def:
            by_day = checked_days(context, platform, asset)
            numbers, days = list(by_day.values()), list(by_day)
        else:
            numbers, days = [newest_number(platform, asset)], None
        events = read_conversation_events(spark.spark_session, platform.lake, days)
        expected = {str(row[by]): row["count"] for row in events.groupBy(by).count().collect()}
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            counted = _message_counts(target.read(numbers), by)
        return result(differing_counts(expected, counted))

    return check


def differing_counts(
    expected: dict[str, int], counted: dict[str, int]
) -> dict[str, dict[str, int]]:
    """By campaign or day: messages of the lake and those counted, where they differ."""
    names = sorted(
        name
        for name in expected.keys() | counted.keys()
        if expected.get(name, 0) != counted.get(name, 0)
    )
    return {
        name: {"in_lake": expected.get(name, 0), "counted": counted.get(name, 0)}
        for name in names[:MOST_NAMED]
    }


def _message_counts(batches: Iterable[pa.RecordBatch], by: str) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in batches:
        for row in batch.select([by, "message_count"]).to_pylist():
            counts[str(row[by])] += row["message_count"]
    return counts


user_engagement_counts_every_message = counts_every_message(user_engagement, by="campaign_id")
campaign_performance_counts_every_message = counts_every_message(
    campaign_performance, by="campaign_id"
)
daily_activity_counts_every_message = counts_every_message(daily_activity, by="event_day")

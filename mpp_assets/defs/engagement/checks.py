"""Blocking checks that the figures add up to the events."""

import dagster as dg
import pyarrow.compute as pc
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.resources import Platform
from mpp_stores.targets import open_target


def counts_every_message(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    """Do the table's message counts add up to the lake's messages?"""

    @dg.asset_check(asset=asset, name="counts_every_message", blocking=True)
    def check(platform: Platform, spark: LazyPySparkResource) -> dg.AssetCheckResult:
        expected = read_conversation_events(spark.spark_session, platform.lake).count()
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            counted = sum(
                pc.sum(batch.column("message_count")).as_py() or 0 for batch in target.read()
            )
        return dg.AssetCheckResult(
            passed=counted == expected,
            metadata={"messages_in_lake": expected, "messages_counted": counted},
        )

    return check


user_engagement_counts_every_message = counts_every_message(user_engagement)
campaign_performance_counts_every_message = counts_every_message(campaign_performance)
daily_activity_counts_every_message = counts_every_message(daily_activity)

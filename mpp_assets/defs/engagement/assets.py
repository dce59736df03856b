"""Postgres: engagement, campaign performance and daily activity."""

from collections.abc import Callable
from datetime import date

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import DataFrame

from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.jobs import engagement
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.partitions import EVENT_DAYS, event_days
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    AFTER_UPSTREAM,
    FRESHNESS,
    OWNERS,
    RETRY,
    fill_target,
    table_metadata,
)
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)


@dg.asset(
    key=["postgres", "user_engagement"],
    group_name="engagement",
    deps=[conversation_events],
    retry_policy=RETRY,
    kinds={"spark", "postgres"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=table_metadata(USER_ENGAGEMENT_SCHEMA),
)
def user_engagement(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """How much, how regularly and how recently each user engaged with each campaign."""
    return _replace_with_figures(context, platform, spark, engagement.user_engagement)


@dg.asset(
    key=["postgres", "campaign_performance"],
    group_name="engagement",
    deps=[conversation_events],
    retry_policy=RETRY,
    kinds={"spark", "postgres"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=table_metadata(CAMPAIGN_PERFORMANCE_SCHEMA),
)
def campaign_performance(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Reach, return and recent volume of each campaign."""
    return _replace_with_figures(context, platform, spark, engagement.campaign_performance)


@dg.asset(
    key=["postgres", "daily_activity"],
    group_name="engagement",
    deps=[conversation_events],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "postgres"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(DAILY_ACTIVITY_SCHEMA),
)
def daily_activity(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Messages, users and campaigns of the day, and its messages by hour."""
    days = event_days(context)
    events = read_conversation_events(spark.spark_session, platform.lake, days)
    return fill_target(context, platform, engagement.daily_activity(events), days)


def _replace_with_figures(
    context: dg.AssetExecutionContext,
    platform: Platform,
    spark: LazyPySparkResource,
    figures: Callable[[DataFrame, date], DataFrame],
) -> dg.MaterializeResult:
    lake = platform.lake
    events = read_conversation_events(spark.spark_session, platform.lake)
    return fill_target(context, platform, figures(events, lake.data_through()))

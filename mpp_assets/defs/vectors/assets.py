"""Milvus: the vectors that nearest-neighbour search runs on."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.conversations.assets import message_embeddings
from mpp_assets.jobs.embeddings import read_message_embeddings
from mpp_assets.jobs.profiles import user_profiles as build_user_profiles
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
from mpp_stores.records import MESSAGE_VECTOR_SCHEMA, USER_PROFILE_SCHEMA


@dg.asset(
    key=["milvus", "messages"],
    group_name="vectors",
    deps=[message_embeddings],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "milvus"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(MESSAGE_VECTOR_SCHEMA),
)
def message_vectors(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """The day's messages with their vectors."""
    days = event_days(context)
    rows = read_message_embeddings(spark.spark_session, platform.lake, days)
    return fill_target(context, platform, rows, days)


@dg.asset(
    key=["milvus", "user_profiles"],
    group_name="vectors",
    deps=[message_embeddings],
    retry_policy=RETRY,
    kinds={"spark", "milvus"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=table_metadata(USER_PROFILE_SCHEMA),
)
def user_profiles(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Every user's mean message vector: who talks about similar things."""
    profiles = build_user_profiles(spark.spark_session, platform.lake)
    return fill_target(context, platform, profiles)

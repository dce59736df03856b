"""Neo4j: who said what in which campaign, and who engages with which campaign."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.engagement import engaged_with as build_engaged_with
from mpp_assets.partitions import EVENT_DAYS, event_days
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    AFTER_UPSTREAM,
    FRESHNESS,
    OWNERS,
    RETRY,
    fill_sharing_target,
    fill_target,
    table_metadata,
)
from mpp_stores.records import ENGAGED_WITH_SCHEMA, MESSAGE_SCHEMA


@dg.asset(
    key=["neo4j", "messages"],
    group_name="graph",
    deps=[conversation_events],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "neo4j"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(MESSAGE_SCHEMA),
)
def message_graph(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """The day's (User)-[:SENT]->(Message)-[:IN]->(Campaign) paths."""
    days = event_days(context)
    rows = read_conversation_events(spark.spark_session, platform.lake, days)
    return fill_target(context, platform, rows, days)


@dg.asset(
    key=["neo4j", "engaged_with"],
    group_name="graph",
    deps=[conversation_events, message_graph],
    retry_policy=RETRY,
    kinds={"spark", "neo4j"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=table_metadata(ENGAGED_WITH_SCHEMA),
)
def engaged_with(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """(User)-[:ENGAGED_WITH]->(Campaign), aggregated over all days."""
    events = read_conversation_events(spark.spark_session, platform.lake)
    return fill_sharing_target(context, platform, build_engaged_with(events))

"""MongoDB: every message as a document, with its provenance and unknown fields."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.partitions import EVENT_DAYS, event_days
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    FRESHNESS,
    OWNERS,
    RETRY,
    fill_target,
    table_metadata,
)
from mpp_stores.records import CONVERSATION_DOCUMENT_SCHEMA


@dg.asset(
    key=["mongo", "conversations"],
    group_name="documents",
    deps=[conversation_events],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "mongodb"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(CONVERSATION_DOCUMENT_SCHEMA),
)
def conversations(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """The day's messages, each with the batch and position it came from."""
    days = event_days(context)
    rows = read_conversation_events(spark.spark_session, platform.lake, days)
    return fill_target(context, platform, rows, days)

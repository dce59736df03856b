"""Conversation events of a day over all batches, and the vectors of their texts."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.jobs.conversations import build_conversation_events, read_conversation_events
from mpp_assets.jobs.embeddings import embed_messages, read_message_embeddings
from mpp_assets.partitions import EVENT_DAYS, FROM_EVERY_BATCH, event_days
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    FRESHNESS,
    OWNERS,
    RETRY,
    begin,
    complete_days,
    table_metadata,
)
from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA, MESSAGE_EMBEDDING_SCHEMA


@dg.asset(
    key=["lake", "conversation_events"],
    group_name="conversations",
    deps=[dg.AssetDep(landed_events, partition_mapping=FROM_EVERY_BATCH)],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "parquet"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(CONVERSATION_EVENT_SCHEMA),
)
def conversation_events(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """One row a message: of the same message_id in several batches, the latest batch's."""
    days = event_days(context)
    numbers = begin(context, platform, context.partition_keys)
    build_conversation_events(spark.spark_session, platform.lake, days)
    rows = read_conversation_events(spark.spark_session, platform.lake, days)
    return complete_days(context, platform, numbers, rows)


@dg.asset(
    key=["lake", "message_embeddings"],
    group_name="conversations",
    deps=[conversation_events],
    partitions_def=EVENT_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "parquet", "huggingface"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(MESSAGE_EMBEDDING_SCHEMA),
)
def message_embeddings(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """The day's messages with the unit vector of each text; known texts are not embedded again."""
    days = event_days(context)
    lake, model = platform.lake, platform.settings.embedding_model
    numbers = begin(context, platform, context.partition_keys)

    def tell(embedded: int, unknown: int) -> None:
        context.log.info(f"embedded {embedded:,} of {unknown:,} texts")

    embedded = embed_messages(spark.spark_session, lake, days, model, tell)
    rows = read_message_embeddings(spark.spark_session, lake, days)
    return complete_days(
        context, platform, numbers, rows, {"texts_embedded": embedded, "model": model}
    )

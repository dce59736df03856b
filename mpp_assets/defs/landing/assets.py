"""Landed events: the files as they came, parsed and validated, batch by batch."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.jobs.landing import land_batch
from mpp_assets.partitions import BATCHES
from mpp_assets.resources import Platform
from mpp_assets.store_assets import OWNERS, table_metadata
from mpp_stores.lake import LANDED_EVENT_SCHEMA


@dg.asset(
    key=["lake", "landed_events"],
    group_name="landing",
    partitions_def=BATCHES,
    kinds={"spark", "parquet", "json"},
    owners=OWNERS,
    metadata=table_metadata(LANDED_EVENT_SCHEMA),
)
def landed_events(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Accepted records of one landed file; the rejected ones are kept beside it with reasons."""
    file = platform.settings.landing / context.partition_key
    summary = land_batch(spark.spark_session, platform.lake, file)
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count": summary.accepted,
            "read": summary.read,
            "accepted": summary.accepted,
            "rejected": summary.rejected,
            "duplicates": summary.duplicates,
            "rejected_by_reason": dg.MetadataValue.json(summary.rejected_by_reason),
            "event_days": dg.MetadataValue.json(summary.event_days),
            "touched_days": dg.MetadataValue.json(summary.touched_days),
        }
    )

"""The release: what the API serves from, published when everything before it succeeded."""

import dataclasses
from inspect import formatannotation

import dagster as dg

from mpp_assets.defs.documents.assets import conversations
from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.defs.graph.assets import engaged_with, message_graph
from mpp_assets.defs.reporting.assets import analytics_report
from mpp_assets.defs.vectors.assets import message_vectors, user_profiles
from mpp_assets.resources import Platform
from mpp_assets.store_assets import OWNERS, RETRY, column_metadata
from mpp_stores.lake import BatchSummary
from mpp_stores.postgres.releases import publish
from mpp_stores.records import Release
from mpp_stores.targets import TARGETS, open_target


@dg.asset(
    key=["postgres", "serving_release"],
    group_name="serving",
    deps=[
        message_vectors,
        user_profiles,
        message_graph,
        engaged_with,
        conversations,
        user_engagement,
        campaign_performance,
        daily_activity,
        analytics_report,
    ],
    retry_policy=RETRY,
    kinds={"postgres"},
    owners=OWNERS,
    metadata=column_metadata(
        {field.name: formatannotation(field.type) for field in dataclasses.fields(Release)}
    ),
)
def serving_release(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    """One row a published state of all stores. Redis keys carry its id, so publishing
    invalidates every cached reply at once."""
    row_counts = {}
    for name in TARGETS:
        with open_target(name, platform.settings) as target:
            row_counts[name] = target.count()
    release = publish(
        platform.settings,
        dagster_run_id=context.run_id,
        data_through=platform.lake.data_through(),
        row_counts=row_counts,
        quality=_quality(platform.lake.summaries()),
    )
    return dg.MaterializeResult(
        metadata={
            "release_id": release.release_id,
            "data_through": release.data_through.isoformat(),
            "predecessor": release.predecessor or "none",
            "row_counts": dg.MetadataValue.json(row_counts),
            "dagster/row_count": sum(row_counts.values()),
        }
    )


def _quality(batches: list[BatchSummary]) -> dict[str, float]:
    """Shares of all records read: accepted, rejected and duplicates."""
    read = sum(batch.read for batch in batches)
    return {
        f"{outcome}_share": sum(getattr(batch, outcome) for batch in batches) / read
        for outcome in ("accepted", "rejected", "duplicates")
    }

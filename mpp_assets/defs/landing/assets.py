"""Landed events: the files as they came, parsed and validated, batch by batch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.column_lineage import column_lineage
from mpp_assets.jobs.landing import in_groups, land_files, withdraw_files
from mpp_assets.jobs.record_checks import Landing
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.partitions import BATCHES
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.settings import PipelineSettings
from mpp_assets.store_assets import FRESHNESS, OWNERS, RETRY, begin, table_metadata
from mpp_stores.lake import LANDED_EVENT_SCHEMA, BatchSummary
from mpp_stores.postgres.erasures import erased_subjects


@dg.asset(
    key=["lake", "landed_events"],
    group_name="landing",
    partitions_def=BATCHES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
    kinds={"spark", "parquet", "json"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(LANDED_EVENT_SCHEMA),
)
def landed_events(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult]:
    """Accepted records of each landed file; the rejected ones are kept beside it with reasons.

    A file that cannot be landed leaves its batch as it was and does not keep the others from
    landing. A release names a landing once the days that it touched were refreshed.
    """
    settings, lake = platform.settings, platform.lake
    numbers = begin(context, platform, context.partition_keys)
    erased = erased_subjects(settings)
    owed = {landing.batch for landing in unpublished_landings(settings, lake)}
    landings = [
        Landing(_file_of(batch, settings), number, was_published=batch not in owed)
        for batch, number in numbers.items()
    ]
    put_away = [each for each in landings if each.file.parent == settings.withdrawn]
    there = [each for each in landings if each.file.parent != settings.withdrawn]
    summaries = withdraw_files(spark.spark_session, lake, put_away)
    failures: dict[str, str] = {}
    for group in in_groups(there):
        landed = land_files(
            spark.spark_session, lake, group, contract=settings.contract, erased=erased
        )
        summaries += landed.summaries
        failures |= landed.failures
        context.log.info("landed %d of %d batches", len(summaries), len(landings))
    if failures:
        for summary in summaries:
            # A step that fails materializes nothing by itself.
            yield dg.AssetMaterialization(
                context.asset_key, partition=summary.batch, metadata=_figures(summary)
            )
        reasons = (f"{batch}: {reason}" for batch, reason in failures.items())
        raise dg.Failure("; ".join(reasons), allow_retries=False)
    for summary in summaries:
        context.add_asset_metadata(_figures(summary), partition_key=summary.batch)
    yield dg.MaterializeResult(
        metadata={
            "rows": sum(summary.accepted for summary in summaries),
            "dagster/column_lineage": column_lineage(context.asset_key),
        }
    )


def _file_of(batch: str, settings: PipelineSettings) -> Path:
    """The landed file, or the withdrawn one where there is no other."""
    file, put_away = settings.landing / batch, settings.withdrawn / batch
    return put_away if put_away.exists() and not file.exists() else file


def _figures(summary: BatchSummary) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": summary.accepted,
        "materialization": summary.landing,
        "withdrawn": summary.withdrawn,
        "read": summary.read,
        "accepted": summary.accepted,
        "rejected": summary.rejected,
        "duplicates": summary.duplicates,
        "rejected_by_reason": dg.MetadataValue.json(summary.rejected_by_reason),
        "event_days": dg.MetadataValue.json(summary.event_days),
        "touched_days": dg.MetadataValue.json(summary.touched_days),
    }

"""Landed events: the files as they came, parsed and validated, batch by batch."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.errors import PythonException
from pyspark.sql import SparkSession

from mpp_assets.column_lineage import column_lineage
from mpp_assets.jobs.landing import land_batch, withdraw_batch
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.partitions import BATCHES
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import FRESHNESS, OWNERS, RETRY, begin, table_metadata
from mpp_stores.lake import LANDED_EVENT_SCHEMA, BatchSummary
from mpp_stores.postgres.erasures import ErasedSubjects, erased_subjects


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
) -> dg.MaterializeResult:
    """Accepted records of each landed file; the rejected ones are kept beside it with reasons.

    A file that cannot be landed leaves its batch as it was and does not keep the others from
    landing. A release names a landing once the days that it touched were refreshed.
    """
    numbers = begin(context, platform, context.partition_keys)
    erased = erased_subjects(platform.settings)
    owed = {landing.batch for landing in unpublished_landings(platform.settings, platform.lake)}
    landed, failures = [], []
    for batch, number in numbers.items():
        try:
            summary = _land(
                spark.spark_session,
                platform,
                batch,
                number,
                erased,
                was_published=batch not in owed,
            )
        except ConnectionError:  # to Spark's JVM, which died: no fault of the file
            raise
        except (OSError, ValueError, PythonException) as error:
            # What an executor raised comes with its traceback, and ends with what it says.
            _, _, reason = str(error).rpartition("\n")
            failures.append(f"{batch}: {reason}")
            continue
        context.add_asset_metadata(_figures(summary), partition_key=batch)
        landed.append(summary)
    if failures:
        raise dg.Failure("; ".join(failures), allow_retries=False)
    return dg.MaterializeResult(
        metadata={
            "rows": sum(summary.accepted for summary in landed),
            "dagster/column_lineage": column_lineage(context.asset_key),
        }
    )


def _land(
    spark: SparkSession,
    platform: Platform,
    batch: str,
    number: int,
    erased: ErasedSubjects,
    *,
    was_published: bool,
) -> BatchSummary:
    settings, lake = platform.settings, platform.lake
    file, put_away = settings.landing / batch, settings.withdrawn / batch
    if not file.exists() and put_away.exists():
        return withdraw_batch(spark, lake, put_away, landing=number, was_published=was_published)
    return land_batch(
        spark,
        lake,
        file,
        landing=number,
        contract=settings.contract,
        erased=erased,
        was_published=was_published,
    )


def _figures(summary: BatchSummary) -> dict[str, object]:
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

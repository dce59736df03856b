"""What the assets have in common: metadata, numbering a materialization, one write."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
from pyspark.sql import DataFrame

from mpp_assets.column_lineage import column_lineage
from mpp_assets.jobs.changed_rows import write_changes
from mpp_assets.jobs.digests import digests_by_day
from mpp_assets.jobs.retention import drop_unneeded
from mpp_assets.jobs.store_sink import NO_PARTITION, Incomplete, sum_of, write_rows
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreRejected
from mpp_stores.postgres import materializations
from mpp_stores.records import DESCRIPTION
from mpp_stores.target import Digest

OWNERS = ["team:marketing-data"]
# A store can be away for a moment; a try writes a materialization of its own.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
# The daily schedule materializes everything once a day.
FRESHNESS = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=26), fail_window=timedelta(hours=30)
)
_UPSTREAM_CHANGED = (
    dg.AutomationCondition.any_deps_updated().since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
)
# Of what is derived from all days: it follows its upstream assets however those came to be
# updated, by a sensor, a backfill or a person. Days themselves are what the refresh sensor
# decides on: any batch is upstream of every day. From the second look on, because a look
# while a run ends can see the run's last asset neither in progress nor updated.
AFTER_UPSTREAM = (
    _UPSTREAM_CHANGED
    & ~_UPSTREAM_CHANGED.newly_true()
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("after_upstream")


def table_metadata(schema: pa.Schema) -> Mapping[str, Any]:
    """Definition metadata that makes the Dagster UI show the columns, and what each holds."""
    return column_metadata(
        dg.TableColumn(field.name, str(field.type), (field.metadata or {})[DESCRIPTION].decode())
        for field in schema
    )


def column_metadata(columns: Iterable[dg.TableColumn]) -> Mapping[str, Any]:
    """The same, for what has no Arrow schema."""
    return {"dagster/column_schema": dg.TableSchema(list(columns))}


def begin(
    context: dg.AssetExecutionContext, platform: Platform, partitions: Sequence[str] | None = None
) -> dict[str, int]:
    """Number this materialization, of each partition or of the whole asset.

    The number joins what the stores hold, what a release names and this run.
    """
    return materializations.begin(
        platform.settings,
        asset=context.asset_key.to_user_string(),
        partitions=[NO_PARTITION] if partitions is None else partitions,
        dagster_run_id=context.run_id,
    )


def complete(
    context: dg.AssetExecutionContext,
    platform: Platform,
    numbers: Mapping[str, int],
    digests: Mapping[int, Digest],
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Let releases name the materialization, and tell the UI about it.

    Every day of a run is given its own row count: Dagster would otherwise show the
    figures of the whole range on each of its days.
    """
    materializations.complete(platform.settings, digests)
    for partition, number in numbers.items():
        if partition != NO_PARTITION:
            context.add_asset_metadata(
                {
                    "dagster/partition_row_count": digests[number].row_count,
                    "materialization": number,
                },
                partition_key=partition,
            )
    figures: dict[str, Any] = {"rows": sum_of(digests.values()).row_count, **(metadata or {})}
    if NO_PARTITION in numbers:
        figures["dagster/row_count"] = figures["rows"]
        figures["materialization"] = numbers[NO_PARTITION]
    return dg.MaterializeResult(
        metadata={**figures, "dagster/column_lineage": column_lineage(context.asset_key)}
    )


def complete_days(
    context: dg.AssetExecutionContext,
    platform: Platform,
    numbers: Mapping[str, int],
    rows: DataFrame,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """`complete`, for a dataset of the lake: `rows` are those of its days, one a message."""
    by_day = digests_by_day(rows, [date.fromisoformat(day) for day in numbers])
    digests = {numbers[day.isoformat()]: digest for day, digest in by_day.items()}
    return complete(context, platform, numbers, digests, metadata)


def fill_target(
    context: dg.AssetExecutionContext,
    platform: Platform,
    rows: DataFrame,
    days: Sequence[date] | None = None,
) -> dg.MaterializeResult:
    """Write `rows` to the target named like the asset, as a new materialization. What earlier
    tries left is dropped: where none is published, nothing else does."""
    target_name = context.asset_key.to_user_string()
    drop_unneeded(platform.settings, context.run_id, [target_name])
    partitions = None if days is None else [day.isoformat() for day in days]
    numbers = begin(context, platform, partitions)
    with _refusals_not_retried():
        digests = write_rows(rows, target_name, platform.settings, numbers)
    written = sum_of(digests.values()).row_count
    return complete(context, platform, numbers, digests, {"written": written})


def fill_sharing_target(
    context: dg.AssetExecutionContext, platform: Platform, rows: DataFrame
) -> dg.MaterializeResult:
    """The same, for a target whose materializations share rows: write what changed."""
    settings, target_name = platform.settings, context.asset_key.to_user_string()
    numbers = begin(context, platform)
    [number] = numbers.values()
    with _refusals_not_retried():
        changes = write_changes(
            rows,
            target_name,
            settings,
            number,
            copies=platform.lake.written(target_name),
            predecessor=materializations.latest(settings, target_name).get(NO_PARTITION),
            abandoned=materializations.abandoned(settings, target_name, before=number),
        )
    metadata = {"written": changes.begun, "ended": changes.ended}
    return complete(context, platform, numbers, {number: changes.digest}, metadata)


@contextmanager
def _refusals_not_retried() -> Iterator[None]:
    """A store that understood and refused will refuse again, an executor's included: that
    error arrives as the text of Spark's."""
    refusal = f"{StoreRejected.__module__}.{StoreRejected.__qualname__}"
    try:
        yield
    except Incomplete as error:
        raise dg.Failure(str(error), allow_retries=True) from error
    except Exception as error:
        if isinstance(error, StoreRejected) or refusal in str(error):
            raise dg.Failure(str(error), allow_retries=False) from error
        raise

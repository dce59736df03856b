"""What the asset checks have in common. Each asks one question and names the offending ids."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import DataFrame

from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.parity import difference, differing_days
from mpp_assets.jobs.store_sink import NO_PARTITION
from mpp_assets.jobs.vector_quality import bad_vectors, ids_by_fault
from mpp_assets.partitions import RANGE_END_TAG, RANGE_START_TAG
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import RETRY
from mpp_stores.postgres import materializations
from mpp_stores.targets import open_target

Identities = Callable[[DataFrame], DataFrame]

# It waits for what writes the stores, and is tried again where a store is away. What it finds wrong
# is no error: that is not.
store_check = partial(dg.asset_check, retry_policy=RETRY, pool=POOL)


def result(offending: Mapping[str, Any], **metadata: Any) -> dg.AssetCheckResult:
    """Passed when nothing offends; what does is the metadata `offending`."""
    return dg.AssetCheckResult(
        passed=not offending,
        metadata={"offending": dg.MetadataValue.json(_plain(offending)), **metadata},
    )


def checked_days(
    context: dg.AssetCheckExecutionContext,
    platform: Platform,
    asset: dg.AssetsDefinition,
    *,
    least_rows: int = 0,
) -> dict[date, int]:
    """The newest materialization of each day to be checked: those of the run's days and of days
    that are not published, since the run that wrote those can have ended at a check; of every
    day when the run has no days. Only of days with `least_rows`."""
    name = asset.key.to_user_string()
    newest = {
        date.fromisoformat(day): each.materialization
        for day, each in materializations.latest(platform.settings, name).items()
        if (each.row_count or 0) >= least_rows
    }
    partitions = partitions_of_run(context)
    if partitions is None:
        return newest
    first, last = partitions
    unpublished = materializations.unpublished(platform.settings, name)
    return {
        day: number
        for day, number in newest.items()
        if first <= day.isoformat() <= last or day.isoformat() in unpublished
    }


def partitions_of_run(context: dg.AssetCheckExecutionContext) -> tuple[str, str] | None:
    """The first and the last; None for a run that only checks."""
    tags = context.run.tags
    only = tags.get("dagster/partition")
    first, last = tags.get(RANGE_START_TAG, only), tags.get(RANGE_END_TAG, only)
    return None if first is None or last is None else (first, last)


def newest_number(platform: Platform, asset: dg.AssetsDefinition) -> int:
    """The newest materialization of an asset without partitions."""
    name = asset.key.to_user_string()
    found = materializations.latest(platform.settings, name)
    if NO_PARTITION not in found:
        raise dg.Failure(f"{name} was never materialized", allow_retries=False)
    return found[NO_PARTITION].materialization


def holds_every_message(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @store_check(asset=asset, name="holds_every_message", blocking=True)
    def check(
        context: dg.AssetCheckExecutionContext, platform: Platform, spark: LazyPySparkResource
    ) -> dg.AssetCheckResult:
        """Does the store hold, day by day, exactly the messages of the lake?"""
        days = checked_days(context, platform, asset)
        events = read_conversation_events(spark.spark_session, platform.lake, list(days))
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            return result(differing_days(events, target, days), days=len(days))

    return check


def holds_every(
    asset: dg.AssetsDefinition, what: str, identities: Identities
) -> dg.AssetChecksDefinition:
    """A blocking check for what is derived from all days. `identities` gives, of all events,
    one row for each that the store must hold, with the target's key columns."""

    @store_check(
        asset=asset,
        name=f"holds_every_{what}",
        blocking=True,
        description=f"Does the store hold exactly each {what} of the lake?",
    )
    def check(platform: Platform, spark: LazyPySparkResource) -> dg.AssetCheckResult:
        events = read_conversation_events(spark.spark_session, platform.lake)
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            found = difference(identities(events), target, newest_number(platform, asset))
        return result({what: found} if found else {})

    return check


def profiles_are_unit_vectors(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @store_check(asset=asset, name="profiles_are_unit_vectors", blocking=True)
    def check(platform: Platform) -> dg.AssetCheckResult:
        """Has every profile the model's dimension, finite numbers and length 1?"""
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            columns = [*target.key, "embedding"]
            batches = target.read([newest_number(platform, asset)])
            bad = bad_vectors(batch.select(columns) for batch in batches)
            return result(ids_by_fault(bad))

    return check


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries, at any depth."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value

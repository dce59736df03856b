"""Blocking checks that a store holds what the lake holds; a release needs all of them."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.resources import Platform
from mpp_stores.targets import open_target


def holds_every_message(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    """Has the store as many messages as the lake, over all days?

    More than the run wrote: it also sees days that this run did not touch.
    """

    @dg.asset_check(asset=asset, name="holds_every_message", blocking=True)
    def check(platform: Platform, spark: LazyPySparkResource) -> dg.AssetCheckResult:
        expected = read_conversation_events(spark.spark_session, platform.lake).count()
        with open_target(asset.key.to_user_string(), platform.settings) as target:
            found = target.count()
        return dg.AssetCheckResult(
            passed=found == expected,
            metadata={"messages_in_lake": expected, "messages_in_store": found},
        )

    return check

"""Time-partition freshness: has the day that ended been materialized?

The freshness policy of an asset looks at when anything of it was last materialized, and
an old day's backfill satisfies it. These checks look at the day itself. Dagster's own
`build_time_partition_freshness_checks` would expect tomorrow: our last partition is
ahead of the clock (see partitions.py).
"""

from datetime import UTC, date, datetime, time, timedelta

import dagster as dg

from mpp_assets.defs.conversations.assets import conversation_events, message_embeddings
from mpp_assets.defs.documents.assets import conversations
from mpp_assets.defs.engagement.assets import daily_activity
from mpp_assets.defs.graph.assets import message_graph
from mpp_assets.defs.vectors.assets import message_vectors

DEADLINE = time(3)
"""UTC time by which the day before must be there: some hours after `daily_refresh`."""


def expected_day(now: datetime) -> date:
    """The last day whose deadline has passed."""
    return now.date() - timedelta(days=1 if now.timetz() >= DEADLINE.replace(tzinfo=UTC) else 2)


def last_day_is_there(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, name="last_day_is_there")
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """Has the last day whose deadline passed been materialized, with or without events?"""
        expected = expected_day(datetime.now(UTC)).isoformat()
        found = context.instance.get_materialized_partitions(asset.key)
        return dg.AssetCheckResult(
            passed=expected in found,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"expected": expected, "latest": max(found, default="none")},
        )

    return check


FRESHNESS_CHECKS = [
    last_day_is_there(asset)
    for asset in (
        conversation_events,
        message_embeddings,
        message_vectors,
        message_graph,
        conversations,
        daily_activity,
    )
]

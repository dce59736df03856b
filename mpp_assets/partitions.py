"""The two ways the data is divided: landed batches, and UTC event days."""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from mpp_stores.events import FIRST_EVENT_DAY

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

# One partition a landed file, added when the file lands.
BATCHES = dg.DynamicPartitionsDefinition(name="batches")

# Today and, as far as the contract tolerates clocks that are ahead, tomorrow included.
EVENT_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_EVENT_DAY.isoformat(), end_offset=2)

# A day's events can be in any batch.
FROM_EVERY_BATCH = dg.AllPartitionMapping()


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags by which Dagster knows a run of all partitions from one to another."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}


def event_days(context: dg.AssetExecutionContext) -> Sequence[date]:
    """The days this run materializes: one, or a range."""
    return [date.fromisoformat(key) for key in context.partition_keys]

"""Does the landing account for every record?"""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.dataset as ds

from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_stores.lake import BatchSummary, Lake


@dg.asset_check(asset=landed_events, name="accounts_for_every_record", blocking=True, pool=POOL)
def accounts_for_every_record(platform: Platform) -> dg.AssetCheckResult:
    """Of every batch: are the records read those accepted, rejected and duplicate, and does the
    lake hold as many accepted and rejected ones as were counted?"""
    wrong = {
        batch.batch: found
        for batch in platform.lake.summaries()
        if (found := unaccounted(platform.lake, batch))
    }
    return dg.AssetCheckResult(passed=not wrong, metadata={"batches": dg.MetadataValue.json(wrong)})


def unaccounted(lake: Lake, batch: BatchSummary) -> dict[str, Any]:
    """The batch's figures when they do not add up; empty when they do."""
    accepted = _rows(lake.landed(batch.batch, batch.landing))
    rejected = _rows(lake.rejected(batch.batch, batch.landing))
    adds_up = batch.read == accepted + rejected + batch.duplicates
    if adds_up and (accepted, rejected) == (batch.accepted, batch.rejected):
        return {}
    return {
        "read": batch.read,
        "accepted": batch.accepted,
        "rejected": batch.rejected,
        "duplicates": batch.duplicates,
        "accepted_in_lake": accepted,
        "rejected_in_lake": rejected,
    }


def _rows(landing: Path) -> int:
    return int(ds.dataset(landing, format="parquet").count_rows()) if landing.exists() else 0

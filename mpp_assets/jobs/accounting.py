"""Does a landing account for every record of its file?"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow.dataset as ds

from mpp_stores.lake import BatchSummary, Lake


def unaccounted(lake: Lake, batches: Iterable[BatchSummary]) -> dict[str, dict[str, int]]:
    """The figures of the batches that do not add up, by batch: the records read are those
    accepted, rejected and duplicate, and the lake holds as many accepted and rejected ones as
    were counted."""
    return {batch.batch: found for batch in batches if (found := _unaccounted(lake, batch))}


def _unaccounted(lake: Lake, batch: BatchSummary) -> dict[str, int]:
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

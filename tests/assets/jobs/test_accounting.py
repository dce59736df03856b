"""Landings whose rows are fewer or more than was counted."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpp_assets.jobs.accounting import unaccounted
from mpp_stores.lake import BatchSummary, Lake

BATCH, LANDING = "a.json", 7


def landed(lake: Lake, *, accepted: int, rejected: int) -> None:
    """So many rows in the lake."""
    folders = {
        lake.landed(BATCH, LANDING) / "event_day=2026-01-05": accepted,
        lake.rejected(BATCH, LANDING): rejected,
    }
    for folder, rows in folders.items():
        if rows:
            folder.mkdir(parents=True)
            pq.write_table(pa.table({"position": range(rows)}), folder / "part-0.parquet")


def summary(*, read: int, accepted: int, rejected: int, duplicates: int) -> BatchSummary:
    return BatchSummary(BATCH, LANDING, "", False, read, accepted, rejected, duplicates, {}, [], [])


@pytest.mark.parametrize(("accepted", "rejected"), [(3, 2), (5, 0), (0, 5), (0, 0)])
def test_what_adds_up_is_accounted_for(tmp_path: Path, accepted: int, rejected: int) -> None:
    lake = Lake(tmp_path)
    landed(lake, accepted=accepted, rejected=rejected)
    read = accepted + rejected + 1
    counted = summary(read=read, accepted=accepted, rejected=rejected, duplicates=1)
    assert unaccounted(lake, [counted]) == {}


@pytest.mark.parametrize(
    ("read", "accepted", "rejected"),
    [(7, 3, 2), (5, 3, 2), (6, 4, 1), (6, 2, 3), (7, 4, 2), (7, 3, 3)],
)
def test_a_figure_that_is_wrong_is_named_with_its_batch(
    tmp_path: Path, read: int, accepted: int, rejected: int
) -> None:
    """The lake holds 3 accepted and 2 rejected records; one was a duplicate."""
    lake = Lake(tmp_path)
    landed(lake, accepted=3, rejected=2)
    counted = summary(read=read, accepted=accepted, rejected=rejected, duplicates=1)
    assert unaccounted(lake, [counted]) == {
        BATCH: {
            "read": read,
            "accepted": accepted,
            "rejected": rejected,
            "duplicates": 1,
            "accepted_in_lake": 3,
            "rejected_in_lake": 2,
        }
    }

"""What writes that were killed left in the lake, where no reader looks."""

import shutil

from mpp_stores.lake import Lake

STAGED = (".spark-staging-*", "_temporary")
"""Folders in which Spark keeps what it has written until a write commits: of `replace_days`, and
of every other write."""


def remove_leftovers(lake: Lake) -> int:
    """Remove such folders, and landings that no batch counts. Returns how many those were.

    Only for a run, which holds the pipeline's lock: a write that goes on looks the same.
    """
    counted = {
        folder
        for batch in lake.summaries()
        for folder in (
            lake.landed(batch.batch, batch.landing),
            lake.rejected(batch.batch, batch.landing),
        )
    }
    landings = {
        landing
        for events in (lake.landed_events, lake.rejected_events)
        for landing in events.glob("batch_key=*/landing=*")
    }
    staged = [folder for pattern in STAGED for folder in lake.root.rglob(pattern)]
    removed = 0
    for folder in [*(landings - counted), *staged]:
        if folder.exists():  # and did not go with another one
            shutil.rmtree(folder)
            removed += 1
    return removed

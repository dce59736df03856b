"""The rejected events of the lake, read one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from operator import attrgetter

import pyarrow.dataset as ds

from mpp_stores.lake import REJECTED_EVENT_SCHEMA, BatchSummary, Lake

ROWS_A_BATCH = 1_000


class UnknownBatch(KeyError):
    """No file of that name ever landed."""

    def __str__(self) -> str:  # KeyError shows its argument quoted
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """`record` is the input as it was; `position` is its 1-based record or line in the file."""

    batch: str
    position: int
    reasons: list[str]
    record: str


def rejected(
    lake: Lake, *, batch: str | None = None, reason: str | None = None, limit: int | None = None
) -> Iterator[RejectedEvent]:
    """The rejected events by batch and position: of the landing of each batch that counts.

    `reason` is the start of a reason, or a whole one: `timestamp` or `timestamp invalid`.

    Streams: of a landing's files, only one row group each is in memory. For that each file
    must be in order of position, as landing writes them; several are merged.

    Raises:
        UnknownBatch: at once, when `batch` never landed.
    """
    found = (event for summary in _summaries(lake, batch) for event in _of_landing(lake, summary))
    if reason is not None:
        found = (event for event in found if any(r.startswith(reason) for r in event.reasons))
    return islice(found, limit)


def _summaries(lake: Lake, batch: str | None) -> list[BatchSummary]:
    if batch is None:
        return lake.summaries()
    summary = lake.summary(batch)
    if summary is None:
        known = ", ".join(each.batch for each in lake.summaries()) or "none"
        raise UnknownBatch(f"no batch {batch!r} has landed; landed batches: {known}")
    return [summary]


def _of_landing(lake: Lake, summary: BatchSummary) -> Iterator[RejectedEvent]:
    if summary.rejected == 0:
        return
    landing = ds.dataset(
        lake.rejected(summary.batch, summary.landing),
        schema=REJECTED_EVENT_SCHEMA,
        format="parquet",
    )
    files = (_of_file(file) for file in landing.get_fragments())
    yield from merge(*files, key=attrgetter("position"))


def _of_file(file: ds.ParquetFileFragment) -> Iterator[RejectedEvent]:
    # By row group: read at once, a file of many is in memory whole, whatever the readahead.
    for group in file.split_by_row_group():
        for batch in group.to_batches(schema=REJECTED_EVENT_SCHEMA, batch_size=ROWS_A_BATCH):
            for row in batch.to_pylist():
                yield RejectedEvent(**row)

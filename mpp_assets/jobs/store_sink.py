"""Writing rows to any store from Spark's executors.

Each partition's Arrow batches are handed to the store's own `Target` where they are, so the
same write runs in local mode and on a cluster. The addresses travel inside the pickled
function, never as options: options show in the Spark UI.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Literal

import pyarrow as pa
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import Batches
from mpp_assets.jobs.digests import digest_columns, digest_of
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION, Digest, Target
from mpp_stores.targets import open_target

NO_PARTITION = ""


class Incomplete(Exception):
    """The store does not hold exactly the rows that were written."""


def write_rows(
    rows: DataFrame, target_name: str, settings: StoreSettings, numbers: Mapping[str, int]
) -> Mapping[int, Digest]:
    """Write `rows` as the materializations `numbers`: by ISO event day, or of `NO_PARTITION`.

    Returns what the store then holds of each, which is what was written.

    Raises:
        Incomplete: it is not: another writer interfered, or two rows had one identity.
        StoreUnavailable, StoreRejected: from preparing and reading back. An error on an
            executor arrives inside Spark's own exception, after Spark's retries.
    """
    with open_target(target_name, settings) as target:
        target.prepare()
        observed = Observation("written")
        rows = numbered(rows, numbers).select(*target.schema.names, MATERIALIZATION)
        send(rows.observe(observed, *digest_columns(target.key)), target, settings)
        written = digest_of(observed.get)
        stored = target.digests(list(numbers.values()))
    held = sum_of(stored.values())
    if held != written:
        raise Incomplete(f"{target_name} holds {held} after {written} was written")
    return stored


def sum_of(digests: Iterable[Digest]) -> Digest:
    """The digest of all their rows together."""
    row_count = identity_hash = 0
    for digest in digests:
        row_count += digest.row_count
        identity_hash += digest.identity_hash
    return Digest(row_count, identity_hash)


def numbered(rows: DataFrame, numbers: Mapping[str, int]) -> DataFrame:
    """The rows with the number of the materialization that each belongs to."""
    if NO_PARTITION in numbers:
        return rows.withColumn(MATERIALIZATION, f.lit(numbers[NO_PARTITION]).cast("long"))
    days = pa.array([date.fromisoformat(day) for day in numbers], pa.date32())
    of_day = rows.sparkSession.createDataFrame(
        pa.table({"event_day": days, MATERIALIZATION: pa.array(numbers.values(), pa.int64())})
    )
    return rows.join(f.broadcast(of_day), "event_day")


def send(
    rows: DataFrame,
    target: Target,
    settings: StoreSettings,
    method: Literal["write", "end"] = "write",
) -> int:
    """Hand the rows, `numbered`, to this method of the target, opened anew on executors, where
    a partition can be sent again. Returns how many were sent."""
    if target.one_writer:
        rows = rows.repartition(1)
    parts = rows.mapInArrow(_sender(target.name, settings, method), "rows long").collect()
    return sum(part["rows"] for part in parts)


def _sender(target_name: str, settings: StoreSettings, method: str) -> Callable[[Batches], Batches]:
    """For one partition; pickled from the driver to the executors."""

    def send_partition(batches: Batches) -> Batches:
        with open_target(target_name, settings) as target:
            columns = target.schema.append(pa.field(MATERIALIZATION, pa.int64()))
            hand_over, sent = getattr(target, method), 0
            for batch in batches:
                types = pa.schema([columns.field(name) for name in batch.schema.names])
                sent += hand_over(batch.cast(types))
        yield pa.RecordBatch.from_pydict({"rows": [sent]})

    return send_partition

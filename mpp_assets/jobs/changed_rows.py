"""Writing only what changed to a target whose materializations share rows.

What a materialization holds is kept in the lake until the next one is written, so that Spark
can compare the two. Where that copy is missing, or the store does not hold what it says, the
store is written whole.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import Batches
from mpp_assets.jobs.digests import digest_columns, digest_of
from mpp_assets.jobs.store_sink import Incomplete
from mpp_stores.records import Materialization
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION, Digest, SharingTarget
from mpp_stores.targets import open_sharing_target


@dataclass(frozen=True, slots=True)
class Changes:
    """What the store holds of a materialization, and how many rows began and ended with it. A
    row that is not as it was does both."""

    digest: Digest
    begun: int
    ended: int


def write_changes(
    rows: DataFrame,
    target_name: str,
    settings: StoreSettings,
    number: int,
    *,
    copies: Path,
    predecessor: Materialization | None,
    abandoned: Sequence[int],
) -> Changes:
    """Write `rows` as materialization `number`, which follows `predecessor`, the newest complete
    one. `abandoned` were begun since and never completed. `copies` is what was written.

    Raises as `write_rows` does.
    """
    with open_sharing_target(target_name, settings) as target:
        target.prepare()
        target.drop(abandoned)
        copy = _copy_of(copies, number)
        observed = Observation("written")
        rows = rows.select(target.schema.names).observe(observed, *digest_columns(target.key))
        rows.write.mode("overwrite").parquet(str(copy))
        current = rows.sparkSession.read.schema(rows.schema).parquet(str(copy))
        if predecessor is not None and _holds_its_copy(target, copies, predecessor):
            before = _copy_of(copies, predecessor.materialization)
            former = rows.sparkSession.read.schema(rows.schema).parquet(str(before))
            target.begin(number, anew=False)
        else:
            former = current.limit(0)
            target.begin(number, anew=True)
        ended = _sent(
            former.subtract(current).select(*target.key), target_name, settings, number, "end"
        )
        begun = _sent(current.subtract(former), target_name, settings, number, "write")
        stored = target.digests([number])[number]
    written = digest_of(observed.get)
    if stored != written:
        raise Incomplete(f"{target_name} holds {stored} after {written} was written")
    for other in set(copies.iterdir()) - {copy}:
        shutil.rmtree(other)
    return Changes(stored, begun, ended)


def _copy_of(copies: Path, number: int) -> Path:
    return copies / f"{MATERIALIZATION}={number}"


def _holds_its_copy(target: SharingTarget, copies: Path, number: Materialization) -> bool:
    """Whether the store holds what was written as this materialization, and we know what."""
    held = target.digests([number.materialization])[number.materialization]
    return _copy_of(copies, number.materialization).exists() and held == Digest(
        number.row_count or 0, number.identity_hash or 0
    )


def _sent(
    rows: DataFrame,
    target_name: str,
    settings: StoreSettings,
    number: int,
    method: Literal["write", "end"],
) -> int:
    """How many rows were handed to this method of the target, where they are."""

    def send(batches: Batches) -> Batches:
        with open_sharing_target(target_name, settings) as target:
            hand_over = getattr(target, method)
            sent = sum(hand_over(batch) for batch in batches)
        yield pa.RecordBatch.from_pydict({"rows": [sent]})

    numbered = rows.withColumn(MATERIALIZATION, f.lit(number).cast("long"))
    return sum(row["rows"] for row in numbered.mapInArrow(send, "rows long").collect())

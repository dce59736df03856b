"""Writing only what changed to a target whose materializations share rows.

What a materialization holds is kept in the lake until the next one is written, so that Spark
can compare the two. Where that copy is missing, or the store does not hold what it says, the
store is written whole.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Observation

from mpp_assets.jobs.digests import digest_columns, digest_of
from mpp_assets.jobs.store_sink import NO_PARTITION, Incomplete, numbered, send
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
    spark = rows.sparkSession
    with open_sharing_target(target_name, settings) as target:
        target.prepare()
        target.drop(abandoned)
        copy = _copy_of(copies, number)
        observed = Observation("written")
        rows = rows.select(target.schema.names).observe(observed, *digest_columns(target.key))
        rows.write.mode("overwrite").parquet(str(copy))
        current = spark.read.schema(rows.schema).parquet(str(copy))
        known = _known_copy(target, copies, predecessor)
        former = spark.read.schema(rows.schema).parquet(str(known)) if known else current.limit(0)
        target.begin(number, anew=known is None)

        of_this = {NO_PARTITION: number}
        gone = former.subtract(current).select(*target.key)
        ended = send(numbered(gone, of_this), target, settings, "end")
        begun = send(numbered(current.subtract(former), of_this), target, settings)
        stored = target.digests([number])[number]
    written = digest_of(observed.get)
    if stored != written:
        raise Incomplete(f"{target_name} holds {stored} after {written} was written")
    for other in set(copies.iterdir()) - {copy}:
        shutil.rmtree(other)
    return Changes(stored, begun, ended)


def _copy_of(copies: Path, number: int) -> Path:
    return copies / f"{MATERIALIZATION}={number}"


def _known_copy(
    target: SharingTarget, copies: Path, predecessor: Materialization | None
) -> Path | None:
    """What was written as the predecessor, if we know it and the store holds it."""
    if predecessor is None:
        return None
    number = predecessor.materialization
    noted = Digest(predecessor.row_count or 0, predecessor.identity_hash or 0)
    copy = _copy_of(copies, number)
    return copy if copy.exists() and target.digests([number])[number] == noted else None

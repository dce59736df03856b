"""Writing rows to any store from Spark's executors.

A Python Data Source hands each partition's Arrow batches to the store's own
`Target`, so the same write runs in local mode and on a cluster. The addresses
travel inside the pickled data source, never as its options: options show in the
Spark UI.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as f
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage
from pyspark.sql.types import StructType

from mpp_assets.jobs.digests import identity_hash_column
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION, Digest
from mpp_stores.targets import open_target

DATA_SOURCE = "mpp_target"
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
        rows.sparkSession.dataSource.register(target_data_source(settings))
        (
            _numbered(rows, numbers)
            .select(*target.schema.names, MATERIALIZATION)
            .observe(
                observed,
                f.count(f.lit(1)).alias("rows"),
                f.coalesce(f.sum(identity_hash_column(target.key)), f.lit(0)).alias("hash"),
            )
            .write.format(DATA_SOURCE)
            .option("target", target_name)
            .mode("append")
            .save()
        )
        written = Digest(observed.get["rows"], observed.get["hash"])
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


def _numbered(rows: DataFrame, numbers: Mapping[str, int]) -> DataFrame:
    """The rows with the number of the materialization that each belongs to."""
    if NO_PARTITION in numbers:
        return rows.withColumn(MATERIALIZATION, f.lit(numbers[NO_PARTITION]).cast("long"))
    of_day = rows.sparkSession.createDataFrame(
        [(date.fromisoformat(day), number) for day, number in numbers.items()],
        f"event_day date, {MATERIALIZATION} long",
    )
    return rows.join(f.broadcast(of_day), "event_day")


def target_data_source(settings: StoreSettings) -> type[DataSource]:
    """The data source `mpp_target`, bound to the stores of `settings`.

    Defined here so that Spark pickles it by value, with the settings: the process in
    which Spark calls `writer` does not see the driver's variables.
    """

    class TargetDataSource(DataSource):
        """Option: `target`, a name of `mpp_stores.targets`."""

        @classmethod
        def name(cls) -> str:
            return DATA_SOURCE

        def writer(self, schema: StructType, overwrite: bool) -> TargetWriter:
            return TargetWriter(self.options["target"], settings)

    return TargetDataSource


@dataclass
class RowsWritten(WriterCommitMessage):
    rows: int


class TargetWriter(DataSourceArrowWriter):
    """Upserts one partition's batches; pickled from the driver to the executors."""

    def __init__(self, target_name: str, settings: StoreSettings) -> None:
        self._target_name = target_name
        self._settings = settings

    def write(self, iterator: Iterator[pa.RecordBatch]) -> RowsWritten:  # type: ignore[override]  # pyspark's own ArrowWriter overrides it so
        with open_target(self._target_name, self._settings) as target:
            columns = target.schema.append(pa.field(MATERIALIZATION, pa.int64()))
            return RowsWritten(sum(target.write(batch.cast(columns)) for batch in iterator))

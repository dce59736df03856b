"""Writing rows to any store from Spark's executors.

A Python Data Source hands each partition's Arrow batches to the store's own
`Target`, so the same write runs in local mode and on a cluster. The addresses
travel inside the pickled data source, never as its options: options show in the
Spark UI.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as f
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage
from pyspark.sql.types import StructType

from mpp_stores.settings import StoreSettings
from mpp_stores.targets import open_target

DATA_SOURCE = "mpp_target"


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """Rows upserted, rows removed because they are no longer there, rows there now."""

    written: int
    swept: int
    row_count: int


def replace_rows(
    rows: DataFrame,
    target_name: str,
    settings: StoreSettings,
    stamp: str,
    days: Sequence[date] | None,
) -> WriteSummary:
    """Make `rows` the target's whole content, for the given event days or altogether.

    Upserts first and sweeps what was not written afterwards: readers never find
    the target without its rows, and running it again changes nothing.

    Raises:
        StoreUnavailable, StoreRejected: from preparing, sweeping or counting. An
            error on an executor arrives inside Spark's own exception, after
            Spark's retries.
    """
    with open_target(target_name, settings) as target:
        target.prepare()
        observed = Observation("written")
        rows.sparkSession.dataSource.register(target_data_source(settings))
        (
            rows.select(target.schema.names)
            .observe(observed, f.count(f.lit(1)).alias("rows"))
            .write.format(DATA_SOURCE)
            .option("target", target_name)
            .option("stamp", stamp)
            .mode("append")
            .save()
        )
        swept = target.sweep(stamp, days)
        return WriteSummary(observed.get["rows"], swept, target.count(days))


def target_data_source(settings: StoreSettings) -> type[DataSource]:
    """The data source `mpp_target`, bound to the stores of `settings`.

    Defined here so that Spark pickles it by value, with the settings: the process in
    which Spark calls `writer` does not see the driver's variables.
    """

    class TargetDataSource(DataSource):
        """Options: `target`, a name of `mpp_stores.targets`, and `stamp`."""

        @classmethod
        def name(cls) -> str:
            return DATA_SOURCE

        def writer(self, schema: StructType, overwrite: bool) -> TargetWriter:
            return TargetWriter(self.options["target"], self.options["stamp"], settings)

    return TargetDataSource


@dataclass
class RowsWritten(WriterCommitMessage):
    rows: int


class TargetWriter(DataSourceArrowWriter):
    """Upserts one partition's batches; pickled from the driver to the executors."""

    def __init__(self, target_name: str, stamp: str, settings: StoreSettings) -> None:
        self._target_name = target_name
        self._stamp = stamp
        self._settings = settings

    def write(self, iterator: Iterator[pa.RecordBatch]) -> RowsWritten:  # type: ignore[override]  # pyspark's own ArrowWriter overrides it so
        with open_target(self._target_name, self._settings) as target:
            return RowsWritten(
                sum(target.write(batch.cast(target.schema), self._stamp) for batch in iterator)
            )

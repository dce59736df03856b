"""The one interface through which the pipeline writes any store.

A target is one entity of one store, named like the Dagster asset that writes
it: `milvus/messages`, `postgres/user_engagement`. Writes are upserts by the
entity's identity, each row stamped with the materialization that wrote it;
`sweep` then removes the rows that this materialization did not write. A target
is therefore never empty in between, and a second run converges to the same rows.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol, Self

import pyarrow as pa


class Target(Protocol):
    """An open connection to one entity. A context manager: leaving it closes the connection.

    `days` limits sweep, count and read to those event days; `None` means every row.
    Every method raises `StoreUnavailable` (try again) or `StoreRejected` (do not).
    """

    @property
    def name(self) -> str:
        """The target's name, and the asset's."""

    @property
    def schema(self) -> pa.Schema:
        """Columns that `write` takes and `read` gives."""

    def prepare(self) -> None:
        """Create the table, collection, indexes or constraints where missing. Idempotent."""

    def write(self, batch: pa.RecordBatch, stamp: str) -> int:
        """Upsert the rows, stamped. Returns how many were sent. Safe to call concurrently
        from several processes and to repeat."""

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        """Delete the rows whose stamp differs. Returns how many were deleted."""

    def count(self, days: Sequence[date] | None = None) -> int:
        """Rows that a reader sees now."""

    def read(self, days: Sequence[date] | None = None) -> Iterable[pa.RecordBatch]:
        """Rows without their stamp, in batches of `schema`, in no particular order."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

"""The one interface through which the pipeline writes any store.

A target is one entity of one store, named like the Dagster asset that fills it:
`milvus/messages`, `postgres/user_engagement`. Every stored row belongs to one
*materialization*: a number that `mpp_stores.postgres.materializations` gave to
one writing of one asset partition. Rows of a materialization are written once
and never changed. A release names the materializations that it serves, so
writing a new one shows nothing to a reader, and going back to an earlier
release is a matter of reading its materializations again.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

import pyarrow as pa

MATERIALIZATION: Final = "materialization"
"""The int64 column, beside those of `schema`, of every batch that is written."""

IDENTITY_HASH: Final = "identity_hash"
"""The stored number from which a store computes its digest itself."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a materialization holds, whatever the order of its rows.

    `identity_hash` is the sum over the rows of `identity_hash(...)`: below 2**63 for
    two thousand million rows.
    """

    row_count: int
    identity_hash: int


NOTHING: Final = Digest(0, 0)


def identity_hash(identity: Sequence[object]) -> int:
    """CRC-32 of the values of a row's key, joined by U+001F: Spark's
    `crc32(concat_ws('\\x1f', ...))`. Days are written as ISO 8601 dates."""
    return zlib.crc32("\x1f".join(map(str, identity)).encode())


class Target(Protocol):
    """An open connection to one entity. A context manager: leaving it closes the connection.

    Every method raises `StoreUnavailable` (try again) or `StoreRejected` (do not).
    """

    @property
    def name(self) -> str:
        """The target's name, and the asset's."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of a row, without `MATERIALIZATION`."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row within a materialization."""

    @property
    def one_writer(self) -> bool:
        """Whether all rows go through one connection, because writers at the same time would
        wait for each other's locks."""

    def prepare(self) -> None:
        """Create the table, collection, indexes or constraints where missing. Idempotent."""

    def write(self, batch: pa.RecordBatch) -> int:
        """Store the rows: `schema` and `MATERIALIZATION`. Returns how many were sent. Safe to
        call concurrently from several processes, and to repeat: a row is read back once."""

    def digests(self, materializations: Sequence[int]) -> Mapping[int, Digest]:
        """What the store holds of each now, computed by the store where it can. One entry a
        materialization given; `NOTHING` for one without rows."""

    def read(self, materializations: Sequence[int]) -> Iterable[pa.RecordBatch]:
        """Their rows in batches of `schema`, in no particular order."""

    def drop(self, materializations: Sequence[int]) -> int:
        """Delete their rows, and what only they needed. Returns how many rows were deleted."""

    def rows_of_user(self, user_id: str) -> int:
        """Rows of any materialization that name the user: what an erasure verifies. 0 for an
        entity without users."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class SharingTarget(Target, Protocol):
    """A target that stores a row once for all successive materializations that hold it as it is.

    What is written to it is what changed since the materialization before. `write` gives rows
    that begin with their materialization and stay until they end. One materialization is
    written at a time; one that was never completed is dropped before the next begins, which
    takes back what it ended.
    """

    def begin(self, materialization: int, *, anew: bool) -> None:
        """Before anything of it is written: it holds the rows of the newest one there is or,
        anew, no row. Safe to repeat."""

    def end(self, batch: pa.RecordBatch) -> int:
        """Let the rows of these keys (`key` and `MATERIALIZATION`) end before the materialization.
        Returns how many were sent. Safe to call concurrently and to repeat."""

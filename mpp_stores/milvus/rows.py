"""Arrow batches to the rows that Milvus stores, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mpp_stores.errors import StoreRejected
from mpp_stores.milvus.collections import EMBEDDING, ROW_ID, row_id
from mpp_stores.records import EMBEDDING_DIMENSION
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, identity_hash
from mpp_stores.vectors import lengths, matrix

Row = dict[str, Any]

_MAX_IDS_NAMED = 5


def to_rows(batch: pa.RecordBatch, key: str) -> list[Row]:
    """Rows to store, each with its identity.

    Raises `StoreRejected` naming the ids whose vector has not
    EMBEDDING_DIMENSION finite numbers.
    """
    vectors = _checked_vectors(batch, key)
    scalars: dict[str, list[Any]] = {
        field.name: _as_stored(batch.column(field.name)).to_pylist()
        for field in batch.schema
        if field.name != EMBEDDING
    }
    keys = scalars[key]
    scalars[ROW_ID] = [
        row_id(number, value) for number, value in zip(scalars[MATERIALIZATION], keys, strict=True)
    ]
    scalars[IDENTITY_HASH] = [identity_hash([value]) for value in keys]
    return [
        {**dict(zip(scalars, values, strict=True)), EMBEDDING: vector}
        for *values, vector in zip(*scalars.values(), vectors, strict=True)
    ]


def to_batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """A batch of `schema` from rows as `pymilvus` returns them."""
    columns = [
        pa.array([row[field.name] for row in rows], _stored_type(field.type)).cast(field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _stored_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_date32(kind):
        return pa.int32()
    return kind


def _as_stored(column: "pa.Array[Any]") -> "pa.Array[Any]":
    return column.cast(_stored_type(column.type))


def _checked_vectors(batch: pa.RecordBatch, key: str) -> np.ndarray:
    column = batch.column(EMBEDDING)
    _reject(batch, key, lengths(column) != EMBEDDING_DIMENSION, f"{EMBEDDING_DIMENSION} numbers")

    vectors: np.ndarray = matrix(column).astype(np.float32, copy=False)
    _reject(batch, key, ~np.isfinite(vectors).all(axis=1), "only finite numbers")
    return vectors


def _reject(batch: pa.RecordBatch, key: str, is_wrong: np.ndarray, expected: str) -> None:
    wrong = np.flatnonzero(is_wrong)
    if wrong.size == 0:
        return
    ids = batch.column(key).take(wrong[:_MAX_IDS_NAMED]).to_pylist()
    raise StoreRejected(
        "milvus",
        f"write {key} {', '.join(map(repr, ids))}",
        f"{wrong.size} embedding(s) do not hold {expected}",
    )

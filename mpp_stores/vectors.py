"""Arrow columns of vectors as numpy sees them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def lengths(column: "pa.Array[Any]") -> np.ndarray:
    """How many numbers each vector has; 0 where there is none."""
    found: np.ndarray = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    return found


def matrix(column: "pa.Array[Any] | pa.ChunkedArray[Any]") -> np.ndarray:
    """Vectors of equal length as rows. A null in them is NaN."""
    numbers: np.ndarray = pc.list_flatten(column).to_numpy(zero_copy_only=False)
    return numbers.reshape(len(column), len(numbers) // max(len(column), 1))

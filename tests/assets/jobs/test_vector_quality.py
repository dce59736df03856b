from math import nan, sqrt

import pyarrow as pa

from mpp_assets.jobs.vector_quality import bad_vectors, ids_by_fault
from mpp_stores.records import EMBEDDING_DIMENSION

UNIT = [1 / sqrt(EMBEDDING_DIMENSION)] * EMBEDDING_DIMENSION


def test_each_faulty_vector_is_named_under_its_fault():
    vectors = {
        "good": UNIT,
        "short": UNIT[:-1],
        "long": [2 * number for number in UNIT],
        "nan": [nan, *UNIT[1:]],
        "infinite": [float("inf"), *UNIT[1:]],
        "hole": [None, *UNIT[1:]],
        "none": None,
    }
    embeddings = pa.array(vectors.values(), pa.list_(pa.float32()))
    batch = pa.record_batch([pa.array(vectors), embeddings], names=["message_id", "embedding"])
    found = {fault: set(ids) for fault, ids in ids_by_fault(bad_vectors([batch])).items()}
    assert found == {
        "dimension": {"short", "none"},
        "not_finite": {"nan", "infinite", "hole"},
        "norm": {"long"},
    }


def test_a_batch_without_any_whole_vector_is_named_too():
    embeddings = pa.array([UNIT[:-1], None], pa.list_(pa.float32()))
    batch = pa.record_batch([pa.array(["short", "none"]), embeddings], names=["id", "embedding"])
    assert ids_by_fault(bad_vectors([batch])) == {"dimension": ["short", "none"]}

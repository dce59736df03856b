from math import nan, sqrt

from mpp_assets.jobs.vector_quality import ids_of_bad_vectors
from mpp_stores.records import EMBEDDING_DIMENSION

UNIT = [1 / sqrt(EMBEDDING_DIMENSION)] * EMBEDDING_DIMENSION


def test_each_faulty_vector_is_named_under_its_fault(spark):
    vectors = {
        "good": UNIT,
        "short": UNIT[:-1],
        "long": [2 * number for number in UNIT],
        "nan": [nan, *UNIT[1:]],
        "infinite": [float("inf"), *UNIT[1:]],
        "hole": [None, *UNIT[1:]],
        "none": None,
    }
    rows = spark.createDataFrame(list(vectors.items()), "message_id string, embedding array<float>")
    found = {fault: set(ids) for fault, ids in ids_of_bad_vectors(rows).items()}
    assert found == {
        "dimension": {"short", "none"},
        "not_finite": {"nan", "infinite", "hole"},
        "norm": {"long"},
    }

import pytest
from pymongo.errors import OperationFailure

from mpp_stores.mongo.compaction import is_not_offered


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(13, id="our user may not"),
        pytest.param(26, id="there is no collection"),
        pytest.param(59, id="the command is unknown"),
    ],
)
def test_an_engine_that_cannot_be_told_to_compact_is_no_failure(code: int) -> None:
    assert is_not_offered(OperationFailure("refused", code))


@pytest.mark.parametrize("code", [None, 8, 91])
def test_any_other_failure_to_compact_is_one(code: int | None) -> None:
    assert not is_not_offered(OperationFailure("failed", code))

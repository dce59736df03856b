from typing import Any

import pytest

from mpp_local.erasures.receipt import is_verified, print_receipt
from tests.local.shown import shown

RECEIPT = {
    "erasure_id": "e1",
    "verified_at": "1999-03-01T00:00:00+00:00",
    "removed_from_files": {"files": 1, "records": 1200},
    "dropped": {"cached_replies": 3, "compacted": {"postgres": True, "mongo": False}},
    "remaining": {"milvus/messages": 0, "files": 0},
    "verified": True,
}


@pytest.mark.parametrize(
    "changes",
    [{"verified": False}, {"remaining": {"files": 1}}, {"verified": None}],
)
def test_a_receipt_that_leaves_a_doubt_is_not_verified(changes: dict[str, Any]) -> None:
    assert is_verified(RECEIPT)
    assert not is_verified(RECEIPT | changes)


def test_an_empty_receipt_is_not_verified() -> None:
    assert not is_verified({})


def test_a_receipt_is_shown_place_by_place() -> None:
    lines = shown(lambda console: print_receipt(RECEIPT, console)).splitlines()
    rows = {" ".join(line.split()) for line in lines}
    assert "removed_from_files records 1,200" in rows
    assert "dropped compacted mongo no" in rows
    assert "remaining milvus/messages 0" in rows
    assert "Verified: nothing of the user was found in any place" in rows


def test_what_is_left_is_shouted() -> None:
    text = shown(lambda console: print_receipt(RECEIPT | {"verified": False}, console))
    assert "NOT verified" in text

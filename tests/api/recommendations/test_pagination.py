import json
from base64 import urlsafe_b64encode

import pytest

from mpp_api.paging.errors import ListChanged
from mpp_api.recommendations.fusion import ScoredCampaign
from mpp_api.recommendations.pagination import Page, page_of
from tests.api.recommendations.evidence import scored

RANKED = [scored(name, "0.5") for name in "abcdefg"]
NOBODY: frozenset[str] = frozenset()


def page(
    cursor: str = "",
    *,
    ranked: list[ScoredCampaign] = RANKED,
    key: str = "first",
    left_out: frozenset[str] = NOBODY,
    limit: int = 3,
) -> Page:
    return page_of(ranked, limit=limit, cursor=cursor, key=key, left_out=left_out)


def ids(taken: Page) -> str:
    return "".join(campaign.campaign_id for campaign in taken.items)


def cursor_after(taken: Page) -> str:
    assert taken.next_cursor is not None
    return taken.next_cursor


def test_the_pages_are_the_list() -> None:
    first = page()
    second = page(cursor_after(first))
    third = page(cursor_after(second))
    assert [ids(first), ids(second), ids(third)] == ["abc", "def", "g"]
    assert [first.first_rank, second.first_rank, third.first_rank] == [1, 4, 7]
    assert third.next_cursor is None


def test_a_full_last_page_says_that_it_is_the_last() -> None:
    assert page(limit=len(RANKED)).next_cursor is None


def test_an_empty_list_is_an_empty_last_page() -> None:
    assert page(ranked=[]) == Page([], 1, None)


def test_what_is_left_out_takes_no_place_on_a_page() -> None:
    first = page(left_out=frozenset("bd"))
    second = page(cursor_after(first), left_out=frozenset("bd"))
    assert [ids(first), ids(second)] == ["ace", "fg"]
    assert second.first_rank == 4


def test_nothing_but_what_is_left_out_is_no_reason_for_another_page() -> None:
    assert page(left_out=frozenset("defg")).next_cursor is None


@pytest.mark.parametrize("dismissed", ["b", "e"])
def test_leaving_one_more_out_between_two_pages_repeats_and_skips_nothing(dismissed: str) -> None:
    second = page(cursor_after(page()), left_out=frozenset(dismissed))
    assert ids(second) == "defg".replace(dismissed, "")[:3]


def test_a_cursor_of_another_release_is_refused() -> None:
    with pytest.raises(ListChanged):
        page(cursor_after(page()), key="second")


def test_a_cursor_of_another_order_is_refused() -> None:
    with pytest.raises(ListChanged):
        page(cursor_after(page()), ranked=RANKED[::-1])


def test_a_cursor_beyond_the_list_is_refused() -> None:
    with pytest.raises(ListChanged):
        page(cursor_after(page()), ranked=RANKED[:2])


@pytest.mark.parametrize("cursor", ["x", "é", "WzEsMl0", "_____", "bm90IGpzb24", "a" * 500])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ListChanged):
        page(cursor)


@pytest.mark.parametrize("passed", [2**63, 0, -1, 1.5, None])
def test_a_cursor_that_passed_an_impossible_number_of_items_is_refused(
    passed: float | None,
) -> None:
    content = {"list_key": "first", "passed": passed, "digest": "x"}
    made_up = urlsafe_b64encode(json.dumps(content).encode()).decode()
    with pytest.raises(ListChanged):
        page(made_up)

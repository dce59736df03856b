import pytest

from mpp_local.batches.rejected_table import CHARACTERS_SHOWN, print_rejected, shortened
from mpp_stores.rejections import RejectedEvent
from tests.local.shown import shown

RECORD = RejectedEvent("[b].json", 7, ["message empty", "timestamp invalid"], '{"user_id": "ada"}')


def test_a_record_is_shown_with_file_position_and_reasons() -> None:
    text = shown(lambda console: print_rejected([RECORD], 50, console))
    for part in ("[b].json", "7", "message empty", "timestamp invalid", '{"user_id": "ada"}'):
        assert part in text
    assert "--limit" not in text


def test_when_there_may_be_more_the_way_to_them_is_told() -> None:
    assert "--limit" in shown(lambda console: print_rejected([RECORD], 1, console))


def test_without_a_rejected_record_it_says_so() -> None:
    assert "No rejected record" in shown(lambda console: print_rejected([], 50, console))


def test_a_long_record_is_cut() -> None:
    assert shortened("x" * 1_000) == "x" * CHARACTERS_SHOWN + "…"
    assert shortened("x" * CHARACTERS_SHOWN) == "x" * CHARACTERS_SHOWN


@pytest.mark.parametrize("record", ["a\nb", "a\x1bb", "a\rb"])
def test_a_record_cannot_command_the_terminal(record: str) -> None:
    assert shortened(record) == "a b"

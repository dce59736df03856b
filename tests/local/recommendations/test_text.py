from typing import Any

from mpp_local.recommendations.text import print_recommendation
from tests.local.shown import shown


def text_of(reply: dict[str, Any]) -> str:
    return shown(lambda console: print_recommendation(reply, console))


def reply(**changes: Any) -> dict[str, Any]:
    item = {
        "rank": 1,
        "campaign_id": "spring-[bold]sale",
        "score": 0.75,
        "score_parts": [
            {"name": "similar_users", "contribution": 0.5},
            {"name": "graph", "contribution": 0.25},
        ],
        "already_engaged": False,
        "explanation": {
            "text": "Users like ada wrote about it.",
            "messages": [{"text": "I [love] it", "user_id": "bob", "similarity": 0.9}],
        },
    }
    return {
        "user_id": "ada",
        "strategy": "hybrid",
        "release": {"release_id": "19990301T000000Z-1f0c2a9b", "data_through": "1999-03-01"},
        "missing_legs": [],
        "notice": None,
        "items": [item],
    } | changes


def test_a_campaign_is_shown_with_its_score_its_parts_and_the_reason() -> None:
    text = text_of(reply())
    assert "release 19990301T000000Z-1f0c2a9b, data through 1999-03-01" in text
    assert "0.750" in text
    assert "= similar_users 0.500 + graph 0.250" in text
    assert "Users like ada wrote about it." in text


def test_brackets_in_the_data_are_text_and_not_markup() -> None:
    text = text_of(reply(user_id="[red]ada"))
    assert "[red]ada" in text
    assert "spring-[bold]sale" in text
    assert "I [love] it" in text


def test_a_reply_that_had_to_do_without_a_store_says_so() -> None:
    text = text_of(reply(missing_legs=["graph"], notice="[x] is down", items=[]))
    assert "Answered without: graph" in text
    assert "[x] is down" in text

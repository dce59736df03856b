from typing import Any

import pytest

from mpp_stores.redis.keys import reply_key, subject_key


def test_a_key_names_its_version_noun_and_release() -> None:
    assert reply_key("recommendations", "r-7", {"user_id": "u-1"}).startswith(
        "mpp:v3:recommendations:r-7:"
    )


def test_a_key_does_not_depend_on_the_order_of_the_inputs() -> None:
    inputs = {"user_id": "u-1", "limit": 5}

    assert reply_key("recommendations", "r-7", inputs) == reply_key(
        "recommendations", "r-7", dict(reversed(inputs.items()))
    )


@pytest.mark.parametrize(
    ("noun", "release_id", "inputs"),
    [
        ("performance", "r-7", {"user_id": "u-1", "limit": 5}),
        ("recommendations", "r-8", {"user_id": "u-1", "limit": 5}),
        ("recommendations", "r-7", {"user_id": "u-2", "limit": 5}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": 6}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": "5"}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": 5, "after": None}),
        ("recommendations", "r-7", {"user_id": "u-1", "limit": 5, "tags": []}),
    ],
)
def test_every_input_changes_the_key(noun: str, release_id: str, inputs: dict[str, Any]) -> None:
    assert reply_key(noun, release_id, inputs) != reply_key(
        "recommendations", "r-7", {"user_id": "u-1", "limit": 5}
    )


def test_no_key_holds_the_id_of_a_user() -> None:
    inputs = {"user_id": "ada@example.org"}

    assert "ada" not in reply_key("recommendations", "r-7", inputs) + subject_key("ada@example.org")


def test_every_subject_has_its_own_key() -> None:
    assert subject_key("ada") != subject_key("ben")

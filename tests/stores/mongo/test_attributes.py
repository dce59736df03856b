import json

import pytest

from mpp_stores.mongo import attributes


def round_trip(text: str | None) -> str | None:
    return attributes.to_text(attributes.to_document(text))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"channel": "email", "nested": {"list": [1, 2.5, null, true, {"deep": []}]}}',
        '{"": 4, "$set": 1, "%2E": 3, "100%": 2, "a.b": {"$id": "y", "$ref": "x"}}',
        '{"null\\u0000key": "null\\u0000value"}',
        '{"int64": 9223372036854775807, "least": -9223372036854775808}',
        '{"large": 1e+22, "tiny": 5e-324, "whole": 1.0}',
    ],
)
def test_json_reads_back_as_it_was(text: str) -> None:
    assert round_trip(text) == text


def test_no_attributes_stay_none() -> None:
    assert round_trip(None) is None


def test_keys_that_mean_something_to_mongodb_are_encoded() -> None:
    stored = attributes.to_document('{"$set": {"a.b": 1}, "50%": 2, "nul\\u0000": 3}')
    assert stored == {"%24set": {"a%2Eb": 1}, "50%25": 2, "nul%00": 3}


@pytest.mark.parametrize(
    "number", ["9223372036854775808", "-9223372036854775809", "9" * 5_000, "1e400", "NaN"]
)
def test_a_number_that_no_bson_type_holds_is_kept_as_text(number: str) -> None:
    assert attributes.to_document(f'{{"number": {number}}}') == {"number": number}


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert attributes.to_document('{"\\ud83c": "half \\udfaf"}') == {"\ufffd": "half \ufffd"}


def test_equal_attributes_read_as_equal_text_whatever_the_order_of_keys() -> None:
    assert round_trip('{"b": 1, "a": 2}') == round_trip('{"a": 2, "b": 1}')


def test_text_that_is_not_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        attributes.to_document("{")


def test_reading_gives_the_producers_keys() -> None:
    stored = attributes.to_document('{"a.b": {"$c": 1}}')
    assert attributes.from_document(stored) == json.loads('{"a.b": {"$c": 1}}')

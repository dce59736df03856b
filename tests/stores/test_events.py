from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS
from mpp_stores.contract import Contract, ContractFrozen, ContractMode
from mpp_stores.events import (
    FIRST_EVENT_DAY,
    FUTURE_TOLERANCE,
    MAX_ATTRIBUTE_DEPTH,
    ConversationEvent,
    Frozen,
    Rejection,
    normalised_id,
    users_of,
    validate,
)

EVENT = {"user_id": "u-1", "message": "hi", "timestamp": "2026-01-05", "campaign": "c-1"}
WHITE_SPACE = " \t\n\x0b\x0c\r\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000"


def accepted(record: dict[str, Any]) -> ConversationEvent:
    event = validate(record)
    assert isinstance(event, ConversationEvent)
    return event


def reasons(record: object) -> list[str]:
    rejection = validate(record)
    assert isinstance(rejection, Rejection)
    return rejection.reasons


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-05T23:30:00-02:00", datetime(2026, 1, 6, 1, 30, tzinfo=UTC)),
        ("2026-01-05 10:00:00.123456", datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)),
        (1_767_700_000, datetime(2026, 1, 6, 11, 46, 40, tzinfo=UTC)),
        (1_767_700_000_500, datetime(2026, 1, 6, 11, 46, 40, 500_000, tzinfo=UTC)),
        ("1767700000", datetime(2026, 1, 6, 11, 46, 40, tzinfo=UTC)),
    ],
)
def test_every_way_to_write_a_time_becomes_utc(value, expected):
    assert accepted(EVENT | {"timestamp": value}).sent_at == expected


@pytest.mark.parametrize(
    "value",
    [
        "2019-12-31T23:59:59",
        "2020-01-01T00:30:00+01:00",
        (datetime.now(UTC) + FUTURE_TOLERANCE + timedelta(days=1)).isoformat(),
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        0,
    ],
    ids=["2019", "2019 in UTC", "too far ahead", "before year 1", "after year 9999", "1970"],
)
def test_times_out_of_range_are_rejected(value):
    assert reasons(EVENT | {"timestamp": value}) == ["timestamp out of range"]


def test_the_bounds_of_the_range_are_accepted():
    accepted(EVENT | {"timestamp": FIRST_EVENT_DAY.isoformat()})
    latest = datetime.now(UTC) + FUTURE_TOLERANCE - timedelta(minutes=5)
    accepted(EVENT | {"timestamp": latest.isoformat()})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "wrong type"),
        ([], "wrong type"),
        ("yesterday", "invalid"),
        (float("nan"), "invalid"),
        (1_767_700_000_000_000, "invalid"),
        (None, "missing"),
    ],
)
def test_what_is_no_time_is_rejected(value, reason):
    assert reasons(EVENT | {"timestamp": value}) == [f"timestamp {reason}"]


@pytest.mark.parametrize("field", ["user_id", "campaign", "message_id"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x" * (MAX_ID_CHARACTERS + 1), "too long"),
        (" \t", "empty"),
        (True, "wrong type"),
        (["u-1"], "wrong type"),
        (float("inf"), "invalid"),
        ("u\0", "invalid"),
        ("u\n1", "invalid"),
        ("u\x9b1", "invalid"),
        ("u\u200b1", "invalid"),
        ("\ufeffu1", "invalid"),
        ("u\u202e1", "invalid"),
        ("u\u2066n\u2069", "invalid"),
        ("u\u00ad1", "invalid"),
        ("u\u00a01", "invalid"),
        ("u\ud83d", "invalid"),
    ],
)
def test_ids_that_are_too_long_empty_or_not_printable_are_rejected(field, value, reason):
    assert reasons(EVENT | {field: value}) == [f"{field} {reason}"]


@pytest.mark.parametrize("around", WHITE_SPACE)
def test_white_space_around_a_timestamp_does_not_count(around):
    padded = validate(EVENT | {"timestamp": f"{around}2026-01-05T10:00:00Z{around}"}, Contract())
    assert isinstance(padded, ConversationEvent)
    assert padded.sent_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_ids_are_text_without_white_space_around_or_numbers():
    event = accepted(EVENT | {"user_id": "  Zoë 王 ✓ ", "campaign": 17, "message_id": "x" * 128})
    assert (event.user_id, event.campaign_id) == ("Zoë 王 ✓", "17")
    assert event.message_id == "x" * 128


@pytest.mark.parametrize("space", WHITE_SPACE)
def test_an_id_is_normalised_as_an_accepted_record_s(space):
    padded = f"{space}u-1 {space}"
    assert accepted(EVENT | {"user_id": padded}).user_id == normalised_id(padded) == "u-1"


@pytest.mark.parametrize("no_space", ["\x1c", "\u200b", "\ufeff"])
def test_what_the_contract_does_not_take_for_white_space_stays_in_an_id(no_space):
    assert normalised_id(f" u-1{no_space} ") == f"u-1{no_space}"


def test_messages_have_a_limited_length():
    assert accepted(EVENT | {"message": "x" * MAX_TEXT_CHARACTERS + " "}).text[-1] == "x"
    assert reasons(EVENT | {"message": "x" * MAX_TEXT_CHARACTERS + "y"}) == ["message too long"]
    assert reasons(EVENT | {"message": " "}) == ["message empty"]
    assert reasons(EVENT | {"message": 5}) == ["message wrong type"]
    assert reasons(EVENT | {"message": "\ud83d"}) == ["message invalid"]


def test_unknown_fields_survive():
    record = EVENT | {"channel": "chat", "context": {"page": [1, None]}, "nothing": None}
    assert accepted(record).model_extra == {"channel": "chat", "context": {"page": [1, None]}}


def test_unknown_fields_have_a_limited_depth():
    value: Any = []
    for _ in range(MAX_ATTRIBUTE_DEPTH - 2):
        value = [1, value]
    accepted(EVENT | {"x": [value]})
    assert reasons(EVENT | {"x": {"a": {"b": value}}}) == ["unknown field too deep"]


def test_every_faulty_field_is_a_reason():
    assert reasons({"user_id": "", "timestamp": "soon", "campaign": "c"}) == [
        "message missing",
        "timestamp invalid",
        "user_id empty",
    ]


@pytest.mark.parametrize("record", [None, "text", 5, [EVENT]])
def test_what_is_no_object_is_rejected(record):
    assert reasons(record) == ["record not an object"]


def test_a_field_name_that_is_not_unicode_is_rejected():
    assert reasons(EVENT | {"\ud83d": 1}) == ["field name invalid"]


def test_without_an_id_equal_events_are_one_and_others_are_not():
    ids = [
        accepted(EVENT | change).message_id
        for change in ({}, {"timestamp": "2026-01-05T01:00+01:00"}, {"message": "ho"})
    ]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32


ALIASED = {"userid": "u-1", "message": "hi", "timestamp": "2026-01-05", "campaign": "c-1"}
DEVIATIONS = [
    ("unknown_fields", EVENT | {"channel": 1}, "unknown field channel"),
    ("unknown_fields", EVENT | {"chan\nnel" * 20: 1}, "unknown field " + ("chan\\nnel" * 20)[:64]),
    ("aliases", ALIASED, "alias userid for user_id"),
    ("aliases", EVENT | {"userid": "u-1"}, "alias userid for user_id"),
    ("data_types", EVENT | {"user_id": 7}, "user_id converted from a number"),
    ("data_types", EVENT | {"message_id": 7.5}, "message_id converted from a number"),
    ("data_types", EVENT | {"timestamp": 1_767_700_000}, "timestamp converted from a number"),
    ("data_types", EVENT | {"timestamp": "1767700000.5"}, "timestamp converted from a number"),
    ("data_types", EVENT | {"timestamp": "+1767700000"}, "timestamp converted from a number"),
    ("data_types", EVENT | {"timestamp": " 1.7677e9"}, "timestamp converted from a number"),
]


@pytest.mark.parametrize(("setting", "record", "deviation"), DEVIATIONS)
def test_a_deviation_is_accepted_rejected_or_freezes_as_its_setting_says(
    setting, record, deviation
):
    assert isinstance(validate(record, Contract()), ConversationEvent)
    others = {name: "freeze" for name in Contract.model_fields if name != setting}
    contract = Contract.model_validate(others)
    assert isinstance(validate(record, contract), ConversationEvent)
    assert validate(record, Contract.model_validate({setting: "reject"})) == Rejection([deviation])
    assert validate(record, Contract.model_validate({setting: "freeze"})) == Frozen(deviation)


@pytest.mark.parametrize("text", ["nan", "Infinity", "1e400"])
def test_a_text_that_becomes_no_time_is_no_number_and_freezes_nothing(text):
    contract = Contract(data_types=ContractMode.FREEZE)
    rejection = validate(EVENT | {"timestamp": text}, contract)
    assert rejection == Rejection(["timestamp invalid"])


def test_what_was_agreed_on_passes_the_strictest_contract():
    strictest = Contract.model_validate(dict.fromkeys(Contract.model_fields, "freeze"))
    assert isinstance(validate(EVENT | {"message_id": "m-1"}, strictest), ConversationEvent)


def test_a_deviation_is_a_reason_beside_the_others():
    contract = Contract(unknown_fields=ContractMode.REJECT)
    assert validate({"channel": 1, **EVENT, "user_id": ""}, contract) == Rejection(
        ["unknown field channel", "user_id empty"]
    )


def test_of_many_unknown_fields_some_are_named():
    record = EVENT | {f"field-{n}": n for n in range(1_000)}
    rejection = validate(record, Contract(unknown_fields=ContractMode.REJECT))
    assert isinstance(rejection, Rejection)
    assert len(rejection.reasons) == 10


def test_a_setting_that_is_no_mode_is_refused_with_the_modes():
    with pytest.raises(ValidationError, match="'evolve', 'reject' or 'freeze'"):
        Contract.model_validate({"aliases": "ignore"})


def test_a_frozen_batch_names_itself_its_position_and_the_field():
    error = ContractFrozen("a.json", 7, "unknown field channel")
    assert "'a.json': unknown field channel at position 7" in str(error)


@pytest.mark.parametrize(
    ("record", "users"),
    [
        (EVENT, {"u-1"}),
        ({"userId": " u-2 ", "user": 7}, {"u-2", "7"}),
        ({"user_id": "x" * 500}, {"x" * 500}),
        ({"user_id": ["u-1"], "user": None, "userid": ""}, set()),
        ({"uid": "u-1"}, set()),
        ("u-1", set()),
        (None, set()),
    ],
)
def test_whom_a_record_is_about_is_known_valid_or_not(record, users):
    assert users_of(record) == users

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo.collection import Collection

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.mongo.writer import READ_BATCH_ROWS, Conversations
from mpp_stores.settings import StoreSettings
from tests.stores.mongo.processes import prepare, write_messages
from tests.stores.mongo.rows import (
    FIRST_DAY,
    HOSTILE_IDS,
    SECOND_DAY,
    conversation,
    conversation_batch,
)

ATTRIBUTES = json.dumps(
    {
        "": "no name",
        "$set": {"a.b": [1, None, True, {"$id": "y", "$ref": "x"}], "a%2Eb": {}},
        "$oid": "5f5f5f5f5f5f5f5f5f5f5f5f",
        "numbers": [1.0, 0.1, 1e22, 5e-324, 2**53 + 1, 2**63 - 1, -(2**63)],
        "nul\0": "nul\0",
        "text": "{$gt: ''} \\ \" 🎯",
    },
    sort_keys=True,
)


def rows(target: Conversations, days: Sequence[date] | None = None) -> list[dict[str, Any]]:
    found = [row for batch in target.read(days) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: str(row["message_id"]))


def ids(target: Conversations, days: Sequence[date] | None = None) -> list[str]:
    return [row["message_id"] for row in rows(target, days)]


def test_a_message_reads_back_exactly_with_its_microseconds(conversations: Conversations) -> None:
    row = conversation("m1", attributes=ATTRIBUTES)
    assert conversations.write(conversation_batch(row), "first") == 1
    assert rows(conversations) == [row]


def test_a_message_before_1970_reads_back_exactly(conversations: Conversations) -> None:
    row = conversation("m1", day=date(1969, 12, 31))
    conversations.write(conversation_batch(row), "first")
    assert rows(conversations) == [row]


def test_a_message_without_attributes_reads_back_without(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1", attributes=None)), "first")
    assert rows(conversations)[0]["attributes"] is None


def test_the_document_has_the_shape_that_the_docstring_shows(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.write(
        conversation_batch(conversation("m1", attributes='{"channel": {"kind": "email"}}')), "first"
    )
    assert collection.find_one({"_id": "m1"}) == {
        "_id": "m1",
        "user_id": "ada",
        "campaign_id": "spring",
        "text": "how much is it?",
        "sent_at": datetime(1999, 4, 1, 8, 30, 0, 123000),
        "sent_at_us": 922_955_400_123_457,
        "event_day": "1999-04-01",
        "batch": "conversations.json",
        "position": 17,
        "attributes": {"channel": {"kind": "email"}},
        "materialization": "first",
    }


def test_attributes_can_be_queried_by_path(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.write(
        conversation_batch(
            conversation("m1", attributes='{"utm.source": {"name": "mail"}}'),
            conversation("m2", attributes='{"utm.source": {"name": "web"}}'),
        ),
        "first",
    )
    found = collection.find({"attributes.utm%2Esource.name": "mail"})
    assert [document["_id"] for document in found] == ["m1"]


def test_every_batch_read_has_the_schema_of_the_target(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")), "first")
    assert {batch.schema for batch in conversations.read()} == {conversations.schema}


def test_more_rows_than_a_read_batch_all_read_back(conversations: Conversations) -> None:
    count = READ_BATCH_ROWS + 1
    conversations.write(
        conversation_batch(*(conversation(f"m{number:05}") for number in range(count))), "first"
    )
    assert [batch.num_rows for batch in conversations.read()] == [READ_BATCH_ROWS, 1]


def test_an_empty_batch_writes_nothing(conversations: Conversations) -> None:
    assert conversations.write(conversation_batch(), "first") == 0
    assert rows(conversations) == []


def test_writing_again_replaces_the_whole_document(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1", attributes='{"old": 1}')), "first")
    again = conversation("m1", "bob", SECOND_DAY, text="changed", attributes='{"new": 2}')
    conversations.write(conversation_batch(again), "second")
    assert rows(conversations) == [again]


def test_a_message_that_moved_to_another_day_leaves_the_former_one(
    conversations: Conversations,
) -> None:
    conversations.write(conversation_batch(conversation("m1", day=FIRST_DAY)), "first")
    conversations.write(conversation_batch(conversation("m1", day=SECOND_DAY)), "second")
    assert conversations.count([FIRST_DAY]) == 0
    assert conversations.count([SECOND_DAY]) == 1


def test_count_counts_the_messages_of_the_days(conversations: Conversations) -> None:
    conversations.write(
        conversation_batch(
            conversation("m1"), conversation("m2"), conversation("m3", day=SECOND_DAY)
        ),
        "first",
    )
    assert conversations.count([FIRST_DAY]) == 2
    assert conversations.count([FIRST_DAY, SECOND_DAY]) == 3
    assert conversations.count([]) == 0
    assert conversations.count() == 3


def test_reading_days_leaves_out_the_others(conversations: Conversations) -> None:
    conversations.write(
        conversation_batch(conversation("m1"), conversation("m2", day=SECOND_DAY)), "first"
    )
    assert ids(conversations, [SECOND_DAY]) == ["m2"]


def test_sweeping_a_day_removes_its_messages_of_other_stamps(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1"), conversation("m2")), "first")
    conversations.write(conversation_batch(conversation("m2")), "second")
    assert conversations.sweep("second", [FIRST_DAY]) == 1
    assert ids(conversations) == ["m2"]


def test_sweeping_a_day_spares_the_other_days(conversations: Conversations) -> None:
    conversations.write(
        conversation_batch(conversation("m1"), conversation("m2", day=SECOND_DAY)), "first"
    )
    assert conversations.sweep("second", [FIRST_DAY]) == 1
    assert ids(conversations) == ["m2"]


def test_sweeping_several_days_removes_from_each(conversations: Conversations) -> None:
    conversations.write(
        conversation_batch(conversation("m1"), conversation("m2", day=SECOND_DAY)), "first"
    )
    assert conversations.sweep("second", [FIRST_DAY, SECOND_DAY]) == 2


def test_sweeping_no_days_removes_nothing(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")), "first")
    assert conversations.sweep("second", []) == 0
    assert ids(conversations) == ["m1"]


def test_sweeping_without_days_removes_other_stamps_of_every_day(
    conversations: Conversations,
) -> None:
    conversations.write(
        conversation_batch(conversation("m1"), conversation("m2", day=SECOND_DAY)), "first"
    )
    conversations.write(conversation_batch(conversation("m2", day=SECOND_DAY)), "second")
    assert conversations.sweep("second", None) == 1
    assert ids(conversations) == ["m2"]


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_an_operator(conversations: Conversations, hostile: str) -> None:
    row = conversation(hostile, hostile, text=hostile)
    conversations.write(conversation_batch(row), "first")
    conversations.write(conversation_batch(conversation("other")), "second")
    conversations.write(conversation_batch(row), hostile)
    assert conversations.sweep(hostile, [FIRST_DAY]) == 1
    assert rows(conversations) == [row]


def test_preparing_twice_keeps_one_index_of_each(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.prepare()
    keys = [[name for name, _ in index["key"]] for index in collection.index_information().values()]
    assert sorted(keys) == [["_id"], ["event_day"], ["user_id", "sent_at_us"]]


def test_processes_writing_the_same_messages_leave_one_of_each(
    settings: StoreSettings, conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    messages = [f"m{number:03}" for number in range(300)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        writing = [
            processes.submit(write_messages, settings, collection.name, stamp, order)
            for stamp, order in (("a", messages), ("b", messages[::-1]))
        ]
        assert [written.result(timeout=120) for written in writing] == [300, 300]
    assert rows(conversations) == [conversation(message) for message in messages]


def test_processes_preparing_at_once_all_succeed(
    settings: StoreSettings, collection: Collection[dict[str, Any]]
) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        preparing = [processes.submit(prepare, settings, collection.name) for _ in range(4)]
        assert [prepared.result(timeout=120) for prepared in preparing] == [None] * 4


def test_attributes_that_are_not_json_are_rejected(conversations: Conversations) -> None:
    with pytest.raises(StoreRejected, match="mongo: could not write 1 rows"):
        conversations.write(conversation_batch(conversation("m1", attributes="{")), "first")


def test_opening_on_a_dead_server_can_be_tried_again(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="mongo: could not connect"):
        Conversations(dead_settings)


def test_a_malformed_uri_is_rejected_without_showing_its_password(settings: StoreSettings) -> None:
    malformed = SecretStr("mongodb://user:pass@word-secret@host:99999999/")
    with pytest.raises(StoreRejected) as rejected:
        Conversations(settings.model_copy(update={"mongo_uri": malformed}))
    assert "word-secret" not in str(rejected.value)

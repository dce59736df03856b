import json
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from traceback import format_exception
from typing import Any

import pyarrow as pa
import pytest
from pydantic import SecretStr
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.mongo import writer
from mpp_stores.mongo.writer import READ_BATCH_ROWS, Conversations
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest, identity_hash
from tests.stores.mongo.processes import prepare, write_messages
from tests.stores.mongo.rows import (
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


def rows(target: Conversations, *materializations: int) -> list[dict[str, Any]]:
    """Of the materializations, of 1 when none is given; by message."""
    found = [row for batch in target.read(materializations or [1]) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: str(row["message_id"]))


def ids(target: Conversations, *materializations: int) -> list[str]:
    return [row["message_id"] for row in rows(target, *materializations)]


def test_a_message_reads_back_exactly_with_its_microseconds(conversations: Conversations) -> None:
    row = conversation("m1", attributes=ATTRIBUTES)
    assert conversations.write(conversation_batch(row)) == 1
    assert rows(conversations) == [row]


def test_a_message_before_1970_reads_back_exactly(conversations: Conversations) -> None:
    row = conversation("m1", day=date(1969, 12, 31))
    conversations.write(conversation_batch(row))
    assert rows(conversations) == [row]


def test_a_message_without_attributes_reads_back_without(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1", attributes=None)))
    assert rows(conversations)[0]["attributes"] is None


def test_the_document_has_the_shape_that_the_docstring_shows(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.write(
        conversation_batch(
            conversation("m1", attributes='{"channel": {"kind": "email"}}'), materialization=17
        )
    )
    assert collection.find_one({"message_id": "m1"}) == {
        "_id": "17/m1",
        "message_id": "m1",
        "materialization": 17,
        "identity_hash": 3226732335,
        "user_id": "ada",
        "campaign_id": "spring",
        "text": "how much is it?",
        "sent_at": datetime(1999, 4, 1, 8, 30, 0, 123000),
        "sent_at_us": 922_955_400_123_457,
        "event_day": "1999-04-01",
        "batch": "conversations.json",
        "position": 17,
        "attributes": {"channel": {"kind": "email"}},
    }


def test_attributes_can_be_queried_by_path(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.write(
        conversation_batch(
            conversation("m1", attributes='{"utm.source": {"name": "mail"}}'),
            conversation("m2", attributes='{"utm.source": {"name": "web"}}'),
        ),
    )
    found = collection.find({"attributes.utm%2Esource.name": "mail"})
    assert [document["message_id"] for document in found] == ["m1"]


def test_every_batch_read_has_the_schema_of_the_target(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")))
    assert {batch.schema for batch in conversations.read([1])} == {conversations.schema}


def test_more_rows_than_a_read_batch_all_read_back(conversations: Conversations) -> None:
    count = READ_BATCH_ROWS + 1
    conversations.write(
        conversation_batch(*(conversation(f"m{number:05}") for number in range(count)))
    )
    assert [batch.num_rows for batch in conversations.read([1])] == [READ_BATCH_ROWS, 1]


def test_an_empty_batch_writes_nothing(conversations: Conversations) -> None:
    assert conversations.write(conversation_batch()) == 0
    assert rows(conversations) == []


def test_writing_again_replaces_the_whole_document(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1", attributes='{"old": 1}')))
    again = conversation("m1", "bob", SECOND_DAY, text="changed", attributes='{"new": 2}')
    conversations.write(conversation_batch(again))
    assert rows(conversations) == [again]


def test_another_materialization_leaves_the_rows_of_the_first(conversations: Conversations) -> None:
    first, second = conversation("m1", text="before"), conversation("m1", text="after")
    conversations.write(conversation_batch(first))
    conversations.write(conversation_batch(second, materialization=2))
    assert rows(conversations, 1) == [first]
    assert rows(conversations, 2) == [second]


def test_one_batch_may_hold_several_materializations(conversations: Conversations) -> None:
    both = [
        conversation_batch(conversation("m1")),
        conversation_batch(conversation("m2", day=SECOND_DAY), materialization=2),
    ]
    (batch,) = pa.Table.from_batches(both).combine_chunks().to_batches()
    assert conversations.write(batch) == 2
    assert ids(conversations, 1) == ["m1"]
    assert ids(conversations, 2) == ["m2"]
    assert ids(conversations, 1, 2) == ["m1", "m2"]


def test_reading_no_materializations_finds_nothing(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")))
    assert list(conversations.read([])) == []


def test_a_digest_counts_the_rows_and_adds_up_their_hashes(conversations: Conversations) -> None:
    messages = [f"m{number}" for number in range(300)]
    conversations.write(conversation_batch(*map(conversation, messages)))
    conversations.write(conversation_batch(conversation("m1"), materialization=2**40))
    assert conversations.digests([1, 2**40, 3]) == {
        1: Digest(300, sum(identity_hash([message]) for message in messages)),
        2**40: Digest(1, identity_hash(["m1"])),
        3: NOTHING,
    }


def test_a_digest_beyond_the_integers_that_a_float_holds_is_exact(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    hashes = [2**60 + 1, 2**60 + 2, 2**31]
    collection.insert_many([{"materialization": 1, "identity_hash": each} for each in hashes])
    assert conversations.digests([1]) == {1: Digest(3, sum(hashes))}


def test_a_thousand_materializations_are_digested_and_dropped_at_once(
    conversations: Conversations,
) -> None:
    conversations.write(conversation_batch(conversation("m1"), materialization=500))
    numbers = range(1, 1_001)
    digests = conversations.digests(numbers)
    assert len(digests) == 1_000
    assert digests[500].row_count == 1
    assert conversations.drop(numbers) == 1


def test_digesting_no_materializations_is_empty(conversations: Conversations) -> None:
    assert conversations.digests([]) == {}


@pytest.mark.parametrize(("dropped", "count"), [([1], 2), ([1, 2], 3), ([4], 0), ([], 0)])
def test_dropping_deletes_the_rows_of_the_materializations_and_no_other(
    conversations: Conversations, dropped: list[int], count: int
) -> None:
    conversations.write(conversation_batch(conversation("m1"), conversation("m2")))
    conversations.write(conversation_batch(conversation("m1"), materialization=2))
    conversations.write(conversation_batch(conversation("m1"), materialization=3))
    assert conversations.drop(dropped) == count
    left = conversations.digests([1, 2, 3])
    assert [left[number].row_count for number in (1, 2, 3)] == [
        0 if number in dropped else rows for number, rows in ((1, 2), (2, 1), (3, 1))
    ]


def test_dropping_again_deletes_nothing(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")))
    assert [conversations.drop([1]), conversations.drop([1])] == [1, 0]


def test_the_rows_of_a_user_are_those_of_every_materialization(
    conversations: Conversations,
) -> None:
    conversations.write(conversation_batch(conversation("m1"), conversation("m2", "bob")))
    conversations.write(conversation_batch(conversation("m1"), materialization=2))
    assert conversations.rows_of_user("ada") == 2
    assert conversations.rows_of_user("nobody") == 0


def test_compacting_leaves_the_other_rows(conversations: Conversations) -> None:
    conversations.write(conversation_batch(conversation("m1")))
    conversations.write(conversation_batch(conversation("m2"), materialization=2))
    conversations.drop([1])
    assert conversations.compact() is True
    assert ids(conversations, 1, 2) == ["m2"]


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_an_operator(conversations: Conversations, hostile: str) -> None:
    row = conversation(hostile, hostile, text=hostile)
    conversations.write(conversation_batch(conversation("other"), materialization=2))
    conversations.write(conversation_batch(row))
    assert rows(conversations) == [row]
    assert conversations.digests([1]) == {1: Digest(1, identity_hash([hostile]))}
    assert conversations.rows_of_user(hostile) == 1


def indexed(collection: Collection[dict[str, Any]]) -> list[list[str]]:
    """The fields of each index."""
    indexes = collection.index_information().values()
    return sorted([name for name, _ in index["key"]] for index in indexes)


def test_preparing_twice_keeps_one_index_of_each(
    conversations: Conversations, collection: Collection[dict[str, Any]]
) -> None:
    conversations.prepare()
    assert indexed(collection) == [
        ["_id"],
        ["materialization"],
        ["materialization", "sent_at_us", "message_id"],
        ["message_id"],
        ["user_id"],
        ["user_id", "sent_at_us", "message_id"],
    ]


def test_processes_preparing_at_once_drop_the_index_of_an_earlier_version(
    settings: StoreSettings,
    conversations: Conversations,
    collection: Collection[dict[str, Any]],
    two_processes: ProcessPoolExecutor,
) -> None:
    current = indexed(collection)
    collection.create_index([("user_id", ASCENDING), ("sent_at_us", DESCENDING)])
    assert indexed(collection) != current
    preparing = [two_processes.submit(prepare, settings, collection.name) for _ in range(4)]
    assert [prepared.result(timeout=120) for prepared in preparing] == [None] * 4
    assert indexed(collection) == current


def test_processes_writing_the_same_messages_leave_one_of_each(
    settings: StoreSettings,
    conversations: Conversations,
    collection: Collection[dict[str, Any]],
    two_processes: ProcessPoolExecutor,
) -> None:
    messages = [f"m{number:03}" for number in range(300)]
    writing = [
        two_processes.submit(write_messages, settings, collection.name, order)
        for order in (messages, messages[::-1])
    ]
    assert [written.result(timeout=120) for written in writing] == [300, 300]
    assert rows(conversations) == [conversation(message) for message in messages]


def test_processes_preparing_at_once_all_succeed(
    settings: StoreSettings,
    collection: Collection[dict[str, Any]],
    two_processes: ProcessPoolExecutor,
) -> None:
    preparing = [two_processes.submit(prepare, settings, collection.name) for _ in range(4)]
    assert [prepared.result(timeout=120) for prepared in preparing] == [None] * 4


def test_attributes_that_are_not_json_are_rejected(conversations: Conversations) -> None:
    with pytest.raises(StoreRejected, match="mongo: could not write 1 rows"):
        conversations.write(conversation_batch(conversation("m1", attributes="{")))


def test_documents_that_could_not_be_written_are_not_quoted(
    conversations: Conversations,
    collection: Collection[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Orchestrators keep what they are told, tracebacks included."""
    monkeypatch.setattr(writer, "RETRY_DELAYS_SECONDS", ())
    collection.create_index("text", unique=True)
    messages = [conversation(key, "ada-lovelace", text="my secret") for key in ("m1", "m2")]
    with pytest.raises(StoreUnavailable, match="operations failed: 1 with code 11000") as failed:
        conversations.write(conversation_batch(*messages))
    told = "".join(format_exception(failed.value))
    assert "ada-lovelace" not in told
    assert "my secret" not in told


def test_opening_on_a_dead_server_can_be_tried_again(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="mongo: could not connect"):
        Conversations(dead_settings)


def test_a_malformed_uri_is_rejected_without_showing_its_password(settings: StoreSettings) -> None:
    malformed = SecretStr("mongodb://user:pass@word-secret@host:99999999/")
    with pytest.raises(StoreRejected) as rejected:
        Conversations(settings.model_copy(update={"mongo_uri": malformed}))
    assert "word-secret" not in str(rejected.value)

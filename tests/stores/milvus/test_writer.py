import math
from concurrent.futures import ProcessPoolExecutor

import pytest
from pymilvus import DataType, MilvusClient

from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS
from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.milvus.writer import ROWS_PER_REQUEST, MessageVectors, UserProfiles
from mpp_stores.records import EMBEDDING_DIMENSION, MESSAGE_VECTOR_SCHEMA, USER_PROFILE_SCHEMA
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest, identity_hash
from tests.stores.milvus.samples import (
    FIRST,
    HOSTILE_IDS,
    NEXT_DAY,
    SECOND,
    message,
    messages_batch,
    profile,
    profiles_batch,
    rows_of,
    vector,
    write_many,
)

LAST_NUMBER = 2**63 - 1


def message_ids(messages: MessageVectors) -> list[str]:
    """Of the first materialization. A digest would also flush: seconds, on Milvus."""
    return [row["message_id"] for row in rows_of(messages.read([FIRST]), "message_id")]


def test_messages_are_read_back_exactly(messages: MessageVectors) -> None:
    written = messages_batch(
        [
            message("m-1", embedding=vector(0.1, -1 / 3, 1e-7)),
            message("m-2", text='Grüße aus Zürich 🏕️\n"quoted"', event_day=NEXT_DAY),
        ]
    )

    assert messages.write(written) == 2

    read = list(messages.read([FIRST]))
    assert all(batch.schema == MESSAGE_VECTOR_SCHEMA for batch in read)
    assert rows_of(read, "message_id") == rows_of([written], "message_id")


def test_profiles_are_read_back_exactly(profiles: UserProfiles) -> None:
    written = profiles_batch([profile("u-1"), profile("u-2", message_count=9)])

    profiles.write(written)

    read = list(profiles.read([FIRST]))
    assert all(batch.schema == USER_PROFILE_SCHEMA for batch in read)
    assert rows_of(read, "user_id") == rows_of([written], "user_id")


def test_the_keys_are_those_of_the_rows(messages: MessageVectors, profiles: UserProfiles) -> None:
    assert messages.key == ("message_id",)
    assert profiles.key == ("user_id",)


def test_writing_a_row_again_leaves_one(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]))
    messages.write(messages_batch([message("m-1")]))

    assert message_ids(messages) == ["m-1"]


def test_materializations_stand_side_by_side(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1"), message("m-2")], FIRST))
    messages.write(messages_batch([message("m-1", text="In blue?")], SECOND))

    def texts(*materializations: int) -> list[str]:
        return [row["text"] for row in rows_of(messages.read(materializations), "message_id")]

    assert texts(FIRST) == ["Does the tent come in green?"] * 2
    assert texts(SECOND) == ["In blue?"]
    assert len(texts(FIRST, SECOND)) == 3
    assert texts() == []


def test_an_empty_batch_writes_nothing(messages: MessageVectors) -> None:
    assert messages.write(messages_batch([])) == 0
    assert messages.digests([FIRST]) == {FIRST: NOTHING}


def test_a_slice_of_a_batch_writes_its_own_vectors(messages: MessageVectors) -> None:
    batch = messages_batch([message("m-1"), message("m-2", embedding=vector(0.0, 1.0))])

    messages.write(batch.slice(1))

    assert rows_of(messages.read([FIRST]), "message_id") == rows_of([batch.slice(1)], "message_id")


def test_rows_are_read_by_their_keys_within_one_materialization(messages: MessageVectors) -> None:
    wanted = messages_batch([message("m-1"), message('m-"2')], FIRST)
    messages.write(wanted)
    messages.write(messages_batch([message("m-3")], FIRST))
    messages.write(messages_batch([message("m-4")], SECOND))

    found = messages.read_keys(FIRST, ["m-1", 'm-"2', "m-4", "nobody"])
    assert rows_of([found], "message_id") == rows_of([wanted], "message_id")
    assert messages.read_keys(FIRST, []).num_rows == 0


def test_digests_tell_each_materialization_apart(profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile("u-1"), profile("u-2")], FIRST))
    profiles.write(profiles_batch([profile("u-2")], LAST_NUMBER))

    assert profiles.digests([FIRST, SECOND, LAST_NUMBER]) == {
        FIRST: Digest(2, identity_hash(["u-1"]) + identity_hash(["u-2"])),
        SECOND: NOTHING,
        LAST_NUMBER: Digest(1, identity_hash(["u-2"])),
    }
    assert profiles.digests([]) == {}


def test_a_drop_removes_whole_materializations_once_and_no_others(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1"), message("m-2")], FIRST))
    messages.write(messages_batch([message("m-1")], SECOND))
    messages.write(messages_batch([message("m-3")], LAST_NUMBER))

    assert messages.drop([FIRST, LAST_NUMBER, 99]) == 3
    assert messages.drop([FIRST]) == 0

    left = messages.digests([FIRST, SECOND, LAST_NUMBER])
    assert [digest.row_count for digest in left.values()] == [0, 1, 0]


def test_a_drop_of_no_materializations_removes_nothing(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]))

    assert messages.drop([]) == 0
    assert message_ids(messages) == ["m-1"]


def test_rows_of_a_user_are_counted_in_every_materialization(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1"), message("m-2", user_id="u-2")], FIRST))
    messages.write(messages_batch([message("m-1"), message("m-3")], SECOND))

    assert messages.rows_of_user("u-1") == 3
    assert messages.rows_of_user("u-unknown") == 0

    messages.drop([FIRST, SECOND])

    assert messages.rows_of_user("u-1") == 0


def test_prepare_can_be_repeated_and_keeps_the_rows(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]))

    messages.prepare()

    assert message_ids(messages) == ["m-1"]


def test_a_collection_of_an_earlier_version_is_refused_with_the_way_out(
    settings: StoreSettings, client: MilvusClient, profiles_collection: str
) -> None:
    stamped = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    stamped.add_field("user_id", DataType.VARCHAR, is_primary=True, max_length=512)
    stamped.add_field("message_count", DataType.INT64)
    stamped.add_field("last_at", DataType.INT64)
    stamped.add_field("materialization", DataType.VARCHAR, max_length=512)
    stamped.add_field("embedding", DataType.FLOAT_VECTOR, dim=EMBEDDING_DIMENSION)
    client.create_collection(profiles_collection, schema=stamped)

    with (
        UserProfiles(settings, collection=profiles_collection) as profiles,
        pytest.raises(StoreRejected, match="run `mpp reset`"),
    ):
        profiles.prepare()


def test_reading_goes_on_past_one_request_and_past_hostile_ids(
    settings: StoreSettings, messages: MessageVectors, messages_collection: str
) -> None:
    write_many(settings, messages_collection, 'quoted"', ROWS_PER_REQUEST)
    write_many(settings, messages_collection, "' or 1==1", ROWS_PER_REQUEST + 1)

    ids = message_ids(messages)

    assert len(ids) == 2 * ROWS_PER_REQUEST + 1
    assert len(set(ids)) == len(ids)


def test_any_text_is_a_safe_id(messages: MessageVectors) -> None:
    written = messages_batch(
        [message(hostile, user_id=hostile, campaign_id=hostile) for hostile in HOSTILE_IDS]
    )

    messages.write(written)

    assert rows_of(messages.read([FIRST]), "message_id") == rows_of([written], "message_id")
    hashes = sum(identity_hash([hostile]) for hostile in HOSTILE_IDS)
    assert messages.digests([FIRST]) == {FIRST: Digest(len(HOSTILE_IDS), hashes)}
    assert {hostile: messages.rows_of_user(hostile) for hostile in HOSTILE_IDS} == dict.fromkeys(
        HOSTILE_IDS, 1
    )


def test_the_longest_ids_and_text_fit_in_any_script(messages: MessageVectors) -> None:
    longest_id = "🛒" * MAX_ID_CHARACTERS
    written = messages_batch([message(longest_id, text="🛒" * MAX_TEXT_CHARACTERS)], LAST_NUMBER)

    messages.write(written)

    assert rows_of(messages.read([LAST_NUMBER]), "message_id") == rows_of([written], "message_id")


@pytest.mark.parametrize(
    "embedding",
    [[1.0, 2.0], [], None, vector(math.nan), vector(math.inf), [None, *vector()[1:]]],
    ids=["short", "empty", "missing", "NaN", "infinite", "missing number"],
)
def test_a_wrong_vector_is_rejected_by_name_and_nothing_is_written(
    messages: MessageVectors, embedding: list[float] | None
) -> None:
    batch = messages_batch([message("m-good"), message("m-bad", embedding=embedding)])

    with pytest.raises(StoreRejected, match="'m-bad'") as rejection:
        messages.write(batch)

    assert "m-good" not in str(rejection.value)
    assert message_ids(messages) == []


def test_a_wrong_profile_is_rejected_by_the_users_name(profiles: UserProfiles) -> None:
    with pytest.raises(StoreRejected, match="'u-bad'"):
        profiles.write(profiles_batch([profile("u-bad", embedding=vector(math.nan))]))


def test_two_processes_write_at_once(
    settings: StoreSettings,
    messages: MessageVectors,
    messages_collection: str,
    two_processes: ProcessPoolExecutor,
) -> None:
    written = two_processes.map(
        write_many, [settings] * 2, [messages_collection] * 2, ["a", "b"], [500] * 2
    )
    assert list(written) == [500, 500]

    assert len(message_ids(messages)) == 1_000


def test_a_collection_that_is_not_loaded_is_loaded_on_use(
    client: MilvusClient, messages: MessageVectors, messages_collection: str
) -> None:
    messages.write(messages_batch([message("m-1")]))
    client.release_collection(messages_collection)

    assert message_ids(messages) == ["m-1"]


def test_writing_before_prepare_is_rejected(
    settings: StoreSettings, messages_collection: str
) -> None:
    with (
        MessageVectors(settings, collection=messages_collection) as unprepared,
        pytest.raises(StoreRejected, match=messages_collection),
    ):
        unprepared.write(messages_batch([message("m-1")]))


def test_a_server_that_is_down_is_unavailable(nobody_listens: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="could not connect"):
        MessageVectors(nobody_listens)

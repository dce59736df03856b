import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from pymilvus import MilvusClient

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.milvus.writer import ROWS_PER_REQUEST, MessageVectors, UserProfiles
from mpp_stores.records import (
    MAX_ID_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MESSAGE_VECTOR_SCHEMA,
    USER_PROFILE_SCHEMA,
)
from mpp_stores.settings import StoreSettings
from tests.stores.milvus.samples import (
    DAY,
    HOSTILE_IDS,
    NEXT_DAY,
    message,
    messages_batch,
    profile,
    profiles_batch,
    rows_of,
    vector,
    write_many,
)


def test_messages_are_read_back_exactly(messages: MessageVectors) -> None:
    written = messages_batch(
        [
            message("m-1", embedding=vector(0.1, -1 / 3, 1e-7)),
            message("m-2", text='Grüße aus Zürich 🏕️\n"quoted"', event_day=NEXT_DAY),
        ]
    )

    assert messages.write(written, "stamp-1") == 2

    read = list(messages.read())
    assert all(batch.schema == MESSAGE_VECTOR_SCHEMA for batch in read)
    assert rows_of(read, "message_id") == rows_of([written], "message_id")


def test_profiles_are_read_back_exactly(profiles: UserProfiles) -> None:
    written = profiles_batch([profile("u-1"), profile("u-2", message_count=9)])

    profiles.write(written, "stamp-1")

    read = list(profiles.read())
    assert all(batch.schema == USER_PROFILE_SCHEMA for batch in read)
    assert rows_of(read, "user_id") == rows_of([written], "user_id")


def test_writing_a_message_again_replaces_it(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]), "stamp-1")
    messages.write(messages_batch([message("m-1", text="In blue?")]), "stamp-2")

    assert [row["text"] for row in rows_of(list(messages.read()), "message_id")] == ["In blue?"]
    assert messages.count() == 1


def test_an_empty_batch_writes_nothing(messages: MessageVectors) -> None:
    assert messages.write(messages_batch([]), "stamp-1") == 0
    assert messages.count() == 0


def test_a_slice_of_a_batch_writes_its_own_vectors(messages: MessageVectors) -> None:
    batch = messages_batch([message("m-1"), message("m-2", embedding=vector(0.0, 1.0))])

    messages.write(batch.slice(1), "stamp-1")

    assert rows_of(list(messages.read()), "message_id") == batch.slice(1).to_pylist()


def test_count_and_read_can_be_limited_to_days(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1"), message("m-2", event_day=NEXT_DAY)]), "stamp-1")

    assert messages.count() == 2
    assert messages.count([NEXT_DAY]) == 1
    assert messages.count([]) == 0
    assert [row["message_id"] for row in rows_of(list(messages.read([DAY])), "message_id")] == [
        "m-1"
    ]
    assert list(messages.read([])) == []


def test_sweep_removes_only_that_days_rows_of_other_stamps(messages: MessageVectors) -> None:
    messages.write(
        messages_batch(
            [message("m-1"), message("m-2"), message("m-other-day", event_day=NEXT_DAY)]
        ),
        "stamp-1",
    )
    messages.write(messages_batch([message("m-2"), message("m-3")]), "stamp-2")

    assert messages.sweep("stamp-2", [DAY]) == 1

    left = [row["message_id"] for row in rows_of(list(messages.read()), "message_id")]
    assert left == ["m-2", "m-3", "m-other-day"]


def test_sweep_of_no_days_removes_nothing(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]), "stamp-1")

    assert messages.sweep("stamp-2", []) == 0
    assert messages.count() == 1


def test_sweep_without_days_removes_every_other_stamp(profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile("u-1"), profile("u-2")]), "stamp-1")
    profiles.write(profiles_batch([profile("u-2")]), "stamp-2")

    assert profiles.sweep("stamp-2", None) == 1
    assert [row["user_id"] for row in rows_of(list(profiles.read()), "user_id")] == ["u-2"]


def test_a_second_sweep_finds_nothing(profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile("u-1")]), "stamp-1")

    assert profiles.sweep("stamp-1", None) == 0


def test_a_stamp_with_quotes_is_only_a_stamp(profiles: UserProfiles) -> None:
    stamp = 'x" or user_id != "'
    profiles.write(profiles_batch([profile("u-1")]), stamp)

    assert profiles.sweep(stamp, None) == 0
    assert profiles.count() == 1


def test_profiles_cannot_be_swept_by_day(profiles: UserProfiles) -> None:
    with pytest.raises(StoreRejected, match="profiles span days"):
        profiles.sweep("stamp-1", [DAY])


def test_prepare_can_be_repeated_and_keeps_the_rows(messages: MessageVectors) -> None:
    messages.write(messages_batch([message("m-1")]), "stamp-1")

    messages.prepare()

    assert messages.count() == 1


def test_reading_goes_on_past_one_request_and_past_hostile_ids(
    settings: StoreSettings, messages: MessageVectors, messages_collection: str
) -> None:
    write_many(settings, messages_collection, 'quoted"', ROWS_PER_REQUEST)
    write_many(settings, messages_collection, "' or 1==1", ROWS_PER_REQUEST + 1)

    ids = [row["message_id"] for row in rows_of(list(messages.read([DAY])), "message_id")]

    assert len(ids) == 2 * ROWS_PER_REQUEST + 1
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_any_text_is_a_safe_id(messages: MessageVectors, hostile: str) -> None:
    written = messages_batch([message(hostile, user_id=hostile, campaign_id=hostile)])

    messages.write(written, hostile)

    assert rows_of(list(messages.read()), "message_id") == written.to_pylist()
    assert messages.sweep(hostile, [DAY]) == 0


def test_the_longest_ids_and_text_fit_in_any_script(messages: MessageVectors) -> None:
    longest_id = "🛒" * MAX_ID_CHARACTERS
    written = messages_batch([message(longest_id, text="🛒" * MAX_TEXT_CHARACTERS)])

    messages.write(written, "stamp-1")

    assert rows_of(list(messages.read()), "message_id") == written.to_pylist()


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
        messages.write(batch, "stamp-1")

    assert "m-good" not in str(rejection.value)
    assert messages.count() == 0


def test_a_wrong_profile_is_rejected_by_the_users_name(profiles: UserProfiles) -> None:
    with pytest.raises(StoreRejected, match="'u-bad'"):
        profiles.write(profiles_batch([profile("u-bad", embedding=vector(math.nan))]), "stamp-1")


def test_two_processes_write_at_once(
    settings: StoreSettings, messages: MessageVectors, messages_collection: str
) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        written = executor.map(
            write_many, [settings] * 2, [messages_collection] * 2, ["a", "b"], [500] * 2
        )
        assert list(written) == [500, 500]

    assert messages.count([DAY]) == 1_000


def test_a_collection_that_is_not_loaded_is_loaded_on_use(
    client: MilvusClient, messages: MessageVectors, messages_collection: str
) -> None:
    messages.write(messages_batch([message("m-1")]), "stamp-1")
    client.release_collection(messages_collection)

    assert messages.count([DAY]) == 1


def test_writing_before_prepare_is_rejected(
    settings: StoreSettings, messages_collection: str
) -> None:
    with (
        MessageVectors(settings, collection=messages_collection) as unprepared,
        pytest.raises(StoreRejected, match=messages_collection),
    ):
        unprepared.write(messages_batch([message("m-1")]), "stamp-1")


def test_a_server_that_is_down_is_unavailable(nobody_listens: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="could not connect"):
        MessageVectors(nobody_listens)

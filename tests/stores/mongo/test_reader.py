from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from mpp_stores.errors import StoreUnavailable
from mpp_stores.mongo.reader import MAX_CANDIDATE_IDS, DocumentReader
from mpp_stores.mongo.writer import Conversations
from mpp_stores.records import ConversationDocument
from mpp_stores.settings import StoreSettings
from tests.stores.mongo.rows import (
    FIRST_DAY,
    HOSTILE_IDS,
    SECOND_DAY,
    conversation,
    conversation_batch,
)

MANY = [1, *range(MAX_CANDIDATE_IDS, 2 * MAX_CANDIDATE_IDS)]
"""So many numbers that messages are not looked up by `_id`."""


@pytest.fixture
async def reader(
    settings: StoreSettings, collection: Collection[dict[str, Any]]
) -> AsyncIterator[DocumentReader]:
    reader = DocumentReader(settings, collection=collection.name)
    yield reader
    await reader.close()


@pytest.fixture
def three_messages(conversations: Conversations) -> None:
    """early and late are a microsecond apart; next comes the day after."""
    conversations.write(
        conversation_batch(
            conversation("early", at=time(8, 30, 0, 123456)),
            conversation("late", at=time(8, 30, 0, 123457)),
            conversation("next", day=SECOND_DAY),
            conversation("bobs", "bob"),
        ),
    )


def ids(found: list[ConversationDocument]) -> list[str]:
    return [document.message_id for document in found]


async def test_ping_succeeds_on_a_live_server(reader: DocumentReader) -> None:
    await reader.ping()


async def test_a_message_comes_whole(reader: DocumentReader, conversations: Conversations) -> None:
    row = conversation("m1", attributes='{"a.b": {"$c": [1]}}')
    conversations.write(conversation_batch(row))
    assert await reader.messages(["m1"], materializations=[1]) == [
        ConversationDocument(
            message_id="m1",
            user_id="ada",
            campaign_id="spring",
            text="how much is it?",
            sent_at=datetime(1999, 4, 1, 8, 30, 0, 123457, tzinfo=UTC),
            event_day=FIRST_DAY,
            batch="conversations.json",
            position=17,
            attributes={"a.b": {"$c": [1]}},
        )
    ]


@pytest.mark.usefixtures("three_messages")
async def test_messages_come_in_the_order_asked_and_once(reader: DocumentReader) -> None:
    found = await reader.messages(["next", "early", "next"], materializations=[1])
    assert ids(found) == ["next", "early"]


@pytest.mark.usefixtures("three_messages")
async def test_unknown_messages_are_left_out(reader: DocumentReader) -> None:
    assert ids(await reader.messages(["unknown", "late"], materializations=[1])) == ["late"]


async def test_asking_for_no_messages_finds_none(reader: DocumentReader) -> None:
    assert await reader.messages([], materializations=[1]) == []


@pytest.mark.usefixtures("three_messages")
async def test_a_timeline_is_newest_first_to_the_microsecond(reader: DocumentReader) -> None:
    assert ids(await reader.timeline("ada", 10, materializations=[1])) == ["next", "late", "early"]


@pytest.mark.usefixtures("three_messages")
async def test_a_timeline_stops_at_its_limit(reader: DocumentReader) -> None:
    assert ids(await reader.timeline("ada", 2, materializations=[1])) == ["next", "late"]


@pytest.mark.usefixtures("three_messages")
async def test_a_timeline_of_limit_zero_is_empty(reader: DocumentReader) -> None:
    assert await reader.timeline("ada", 0, materializations=[1]) == []


@pytest.mark.usefixtures("three_messages")
async def test_a_timeline_goes_on_strictly_before_a_moment(reader: DocumentReader) -> None:
    (late,) = await reader.messages(["late"], materializations=[1])
    earlier = await reader.timeline("ada", 10, late.sent_at, materializations=[1])
    assert ids(earlier) == ["early"]
    just_after = late.sent_at + timedelta(microseconds=1)
    earlier = await reader.timeline("ada", 10, just_after, materializations=[1])
    assert ids(earlier) == ["late", "early"]


async def test_pages_of_a_timeline_leave_out_none_of_the_messages_of_one_moment(
    reader: DocumentReader, conversations: Conversations
) -> None:
    of_one_moment = [conversation(f"m{number}") for number in range(5)]
    before_and_after = [conversation("early", at=time(1)), conversation("late", at=time(20))]
    conversations.write(conversation_batch(*of_one_moment, *before_and_after))
    found: list[ConversationDocument] = []
    while page := await reader.timeline("ada", 2, after=_position(found), materializations=[1, 2]):
        found += page
        assert len(found) <= 7
    assert ids(found) == ["late", "m4", "m3", "m2", "m1", "m0", "early"]
    latest: list[ConversationDocument] = []
    while page := await reader.latest(3, after=_position(latest), materialization=1):
        latest += page
        assert len(latest) <= 7
    assert latest == found


def _position(found: list[ConversationDocument]) -> tuple[datetime, str] | None:
    return (found[-1].sent_at, found[-1].message_id) if found else None


@pytest.mark.usefixtures("two_materializations")
async def test_the_latest_messages_are_those_of_one_materialization(
    reader: DocumentReader,
) -> None:
    assert ids(await reader.latest(10, materialization=2)) == ["m2", "m1"]
    assert ids(await reader.latest(1, materialization=2)) == ["m2"]
    assert await reader.latest(0, materialization=2) == []
    assert await reader.latest(10, materialization=3) == []


@pytest.mark.usefixtures("three_messages")
async def test_an_unknown_user_has_an_empty_timeline(reader: DocumentReader) -> None:
    assert await reader.timeline("nobody", 10, materializations=[1]) == []


@pytest.mark.parametrize("materializations", [[1], MANY], ids=["one number", "many numbers"])
@pytest.mark.parametrize("hostile", HOSTILE_IDS)
async def test_an_id_is_never_read_as_an_operator(
    reader: DocumentReader, conversations: Conversations, hostile: str, materializations: list[int]
) -> None:
    conversations.write(conversation_batch(conversation("other"), conversation(hostile, hostile)))
    assert ids(await reader.messages([hostile], materializations=materializations)) == [hostile]
    assert ids(await reader.timeline(hostile, 10, materializations=materializations)) == [hostile]


@pytest.fixture
def two_materializations(conversations: Conversations) -> None:
    """Of one day: the second has m1 with another text, and m2."""
    conversations.write(conversation_batch(conversation("m1", text="before")))
    conversations.write(
        conversation_batch(
            conversation("m1", text="after"),
            conversation("m2", at=time(9)),
            materialization=2,
        )
    )


@pytest.mark.usefixtures("two_materializations")
@pytest.mark.parametrize(
    ("materializations", "texts"),
    [([1], ["before"]), ([2], ["after"]), ([3], []), ([], []), (MANY, ["before"])],
)
async def test_a_message_is_that_of_the_materializations_given(
    reader: DocumentReader, materializations: list[int], texts: list[str]
) -> None:
    found = await reader.messages(["m1"], materializations=materializations)
    assert [document.text for document in found] == texts


@pytest.mark.usefixtures("two_materializations")
@pytest.mark.parametrize(
    ("materializations", "messages"),
    [([1], ["m1"]), ([2], ["m2", "m1"]), ([3], []), ([], []), (MANY, ["m1"])],
)
async def test_a_timeline_is_of_the_materializations_given(
    reader: DocumentReader, materializations: list[int], messages: list[str]
) -> None:
    found = await reader.timeline("ada", 10, materializations=materializations)
    assert ids(found) == messages


async def test_messages_of_one_moment_keep_their_order_when_only_some_are_materialized_again(
    reader: DocumentReader, conversations: Conversations
) -> None:
    conversations.write(conversation_batch(conversation("m1"), materialization=10))
    conversations.write(conversation_batch(conversation("m2"), materialization=9))
    assert ids(await reader.timeline("ada", 10, materializations=[9, 10])) == ["m2", "m1"]


async def test_a_dead_server_can_be_tried_again(dead_settings: StoreSettings) -> None:
    reader = DocumentReader(dead_settings, timeout_seconds=0.3)
    with pytest.raises(StoreUnavailable, match="mongo: could not ping"):
        await reader.ping()
    await reader.close()

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from pymilvus import MilvusClient

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.milvus.reader import (
    MOST_ROWS,
    SILENCE_BEFORE_RECONNECT_SECONDS,
    VectorReader,
)
from mpp_stores.milvus.writer import MessageVectors, UserProfiles
from mpp_stores.records import SimilarMessage, SimilarUser, UserProfile
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy
from tests.stores.milvus.samples import (
    FIRST,
    HOSTILE_IDS,
    NOON,
    SECOND,
    message,
    messages_batch,
    profile,
    profiles_batch,
    vector,
)
from tests.stores.milvus.servers import at_port

EAST = vector(1.0)
NORTH_EAST = vector(0.6, 0.8)
NORTH = vector(0.0, 1.0)

LONG_ENOUGH = 2 * SILENCE_BEFORE_RECONNECT_SECONDS


async def test_a_profile_is_found_by_user(reader: VectorReader, profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile("u-1", embedding=NORTH), profile("u-2")]))

    assert await reader.profile("u-1", materialization=FIRST) == UserProfile("u-1", 3, NOON, NORTH)


async def test_an_unknown_user_has_no_profile(reader: VectorReader, profiles: UserProfiles) -> None:
    assert await reader.profile("u-unknown", materialization=FIRST) is None


async def test_any_text_is_a_safe_user_id(reader: VectorReader, profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile(user_id) for user_id in HOSTILE_IDS]))

    for hostile in HOSTILE_IDS:
        found = await reader.profile(hostile, materialization=FIRST)
        others = await reader.similar_users(
            EAST, 100, exclude_user_id=hostile, materialization=FIRST
        )

        assert found is not None
        assert found.user_id == hostile
        assert {other.user_id for other in others} == {*HOSTILE_IDS} - {hostile}


async def test_the_most_similar_users_come_first_without_the_user(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(
        profiles_batch(
            [
                profile("u-north", embedding=NORTH),
                profile("u-north-east", embedding=NORTH_EAST),
                profile("u-self", embedding=EAST),
                profile("u-west", embedding=vector(-1.0)),
            ]
        )
    )

    assert await reader.similar_users(EAST, 3, exclude_user_id="u-self", materialization=FIRST) == [
        SimilarUser("u-north-east", pytest.approx(0.6, abs=1e-6)),
        SimilarUser("u-north", pytest.approx(0.0, abs=1e-6)),
        SimilarUser("u-west", pytest.approx(-1.0, abs=1e-6)),
    ]


async def test_only_profiles_of_the_served_materialization_are_found(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1", message_count=3), profile("u-gone")], FIRST))
    profiles.write(profiles_batch([profile("u-1", message_count=4), profile("u-new")], SECOND))

    served = await reader.profile("u-1", materialization=SECOND)

    assert served is not None
    assert served.message_count == 4
    assert await reader.profile("u-gone", materialization=SECOND) is None
    assert await reader.similar_users(EAST, 5, exclude_user_id="u-1", materialization=FIRST) == [
        SimilarUser("u-gone", pytest.approx(1.0))
    ]


async def test_limit_bounds_the_similar_users(reader: VectorReader, profiles: UserProfiles) -> None:
    profiles.write(profiles_batch([profile("u-1"), profile("u-2")]))

    assert (
        len(await reader.similar_users(EAST, 1, exclude_user_id="u-3", materialization=FIRST)) == 1
    )


async def test_more_than_milvus_answers_with_can_be_asked_for(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1"), profile("u-2")]))

    found = await reader.similar_users(
        EAST, MOST_ROWS + 1, exclude_user_id="u-1", materialization=FIRST
    )
    assert [each.user_id for each in found] == ["u-2"]


async def test_a_similar_message_comes_whole(
    reader: VectorReader, messages: MessageVectors
) -> None:
    messages.write(messages_batch([message("m-1", embedding=NORTH_EAST)]))

    assert await reader.similar_messages(
        EAST, 5, exclude_user_id="u-2", materializations=[FIRST]
    ) == [
        SimilarMessage(
            message_id="m-1",
            user_id="u-1",
            campaign_id="tents",
            text="Does the tent come in green?",
            sent_at=datetime(1999, 3, 14, 12, 0, 0, 123_457, tzinfo=UTC),
            similarity=pytest.approx(0.6, abs=1e-6),
        )
    ]


async def test_the_most_similar_messages_of_others_come_first(
    reader: VectorReader, messages: MessageVectors
) -> None:
    messages.write(
        messages_batch(
            [
                message("m-far", embedding=NORTH),
                message("m-near", embedding=NORTH_EAST),
                message("m-own", user_id="u-self"),
            ]
        )
    )

    found = await reader.similar_messages(
        EAST, 5, exclude_user_id="u-self", materializations=[FIRST]
    )

    assert [hit.message_id for hit in found] == ["m-near", "m-far"]


async def test_only_messages_of_the_served_materializations_are_found(
    reader: VectorReader, messages: MessageVectors
) -> None:
    messages.write(messages_batch([message("m-1"), message("m-2")], FIRST))
    messages.write(messages_batch([message("m-1", text="In blue?")], SECOND))

    def found(materializations: list[int]) -> Awaitable[list[SimilarMessage]]:
        return reader.similar_messages(
            EAST, 5, exclude_user_id="u-2", materializations=materializations
        )

    assert [hit.text for hit in await found([SECOND])] == ["In blue?"]
    assert {hit.message_id for hit in await found([FIRST])} == {"m-1", "m-2"}
    assert len(await found([FIRST, SECOND])) == 3
    assert await found([]) == []


async def test_many_materializations_are_searched_at_once(
    reader: VectorReader, messages: MessageVectors
) -> None:
    days = range(1_000_000, 1_002_000)
    messages.write(messages_batch([message("m-1")], days[-1]))

    assert await reader.similar_messages(EAST, 5, exclude_user_id="u-2", materializations=days)


async def test_similar_messages_can_be_limited_to_campaigns(
    reader: VectorReader, messages: MessageVectors
) -> None:
    messages.write(
        messages_batch(
            [
                message("m-1", campaign_id="tents"),
                message("m-2", campaign_id='"boots"'),
                message("m-3", campaign_id="stoves"),
            ]
        )
    )

    found = await reader.similar_messages(
        EAST,
        5,
        exclude_user_id="u-2",
        materializations=[FIRST],
        campaign_ids=['"boots"', "stoves", "unknown"],
    )

    assert {hit.message_id for hit in found} == {"m-2", "m-3"}


async def test_no_campaigns_allow_no_messages(
    reader: VectorReader, messages: MessageVectors
) -> None:
    messages.write(messages_batch([message("m-1")]))

    assert (
        await reader.similar_messages(
            EAST, 5, exclude_user_id="u-2", materializations=[FIRST], campaign_ids=[]
        )
        == []
    )


async def test_before_the_first_ingest_every_answer_is_empty(reader: VectorReader) -> None:
    assert await reader.profile("u-1", materialization=FIRST) is None
    assert await reader.similar_users(EAST, 5, exclude_user_id="u-1", materialization=FIRST) == []
    assert (
        await reader.similar_messages(EAST, 5, exclude_user_id="u-1", materializations=[FIRST])
        == []
    )


async def test_a_collection_made_after_the_reader_is_found(
    reader: VectorReader, settings: StoreSettings, profiles_collection: str
) -> None:
    assert await reader.profile("u-1", materialization=FIRST) is None

    with UserProfiles(settings, collection=profiles_collection) as profiles:
        profiles.prepare()
        profiles.write(profiles_batch([profile("u-1")]))

    assert await reader.profile("u-1", materialization=FIRST) is not None


async def test_a_collection_that_is_not_loaded_is_loaded_on_use(
    reader: VectorReader, client: MilvusClient, profiles: UserProfiles, profiles_collection: str
) -> None:
    profiles.write(profiles_batch([profile("u-1")]))
    client.release_collection(profiles_collection)

    assert (
        len(await reader.similar_users(EAST, 5, exclude_user_id="u-2", materialization=FIRST)) == 1
    )


async def test_a_query_vector_of_the_wrong_dimension_is_rejected(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1")]))

    with pytest.raises(StoreRejected):
        await reader.similar_users([1.0, 0.0], 5, exclude_user_id="u-2", materialization=FIRST)


async def test_concurrent_first_questions_are_all_answered(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1")]))
    await reader.close()

    found = await asyncio.gather(*(reader.profile("u-1", materialization=FIRST) for _ in range(5)))

    assert all(found)


async def test_a_server_that_answers_passes_the_ping(reader: VectorReader) -> None:
    await reader.ping()


async def test_a_server_that_is_down_is_unavailable(nobody_listens: StoreSettings) -> None:
    reader = VectorReader(nobody_listens)

    with pytest.raises(StoreUnavailable):
        await reader.ping()
    with pytest.raises(StoreUnavailable):
        await reader.similar_users(EAST, 5, exclude_user_id="u-1", materialization=FIRST)


async def test_a_server_that_stays_silent_is_unavailable(nobody_answers: StoreSettings) -> None:
    reader = VectorReader(nobody_answers, timeout=0.5)

    with pytest.raises(StoreUnavailable):
        await reader.profile("u-1", materialization=FIRST)


def proxy_to(settings: StoreSettings) -> Proxy:
    address = urlsplit(settings.milvus_uri)
    return Proxy(address.hostname or "", address.port or 19530)


async def given_up(reader: VectorReader, seconds: float) -> None:
    """Three questions at once, as a recommendation asks them."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(reader.ping() for _ in range(3)))


async def test_whoever_connects_anew_leaves_the_questions_of_others_alone(
    settings: StoreSettings,
) -> None:
    async with proxy_to(settings) as proxy:
        reader = VectorReader(at_port(settings, proxy.port), timeout=30)
        await reader.ping()
        await proxy.hang()
        patient = asyncio.create_task(reader.ping())
        await given_up(reader, LONG_ENOUGH)
        await proxy.pass_on()
        await reader.ping()
        assert proxy.open_connections == 2
        await patient
        await reader.close()


async def test_a_connection_that_was_lost_without_a_word_is_replaced(
    settings: StoreSettings,
) -> None:
    async with proxy_to(settings) as proxy:
        reader = VectorReader(at_port(settings, proxy.port), timeout=30)
        await reader.ping()
        await proxy.lose_connections()
        await given_up(reader, LONG_ENOUGH)
        await reader.ping()
        await reader.close()


async def test_whoever_gives_up_early_leaves_the_connection_as_it_is(
    settings: StoreSettings,
) -> None:
    async with proxy_to(settings) as proxy:
        reader = VectorReader(at_port(settings, proxy.port), timeout=30)
        await reader.ping()
        await proxy.hang()
        for _ in range(3):
            await given_up(reader, 0.05)
        await proxy.pass_on()
        await reader.ping()
        assert proxy.open_connections == 1
        await reader.close()


async def test_closing_ends_the_connection(settings: StoreSettings) -> None:
    async with proxy_to(settings) as proxy:
        reader = VectorReader(at_port(settings, proxy.port), timeout=30)
        await reader.ping()
        assert not proxy.is_unused.is_set()
        await reader.close()
        async with asyncio.timeout(10):
            await proxy.is_unused.wait()

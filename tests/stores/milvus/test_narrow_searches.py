"""Narrow filters: milvus-lite's index loses most of what they leave when asked as usual."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pymilvus import MilvusClient

from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import MessageVectors
from mpp_stores.records import EMBEDDING_DIMENSION
from tests.stores.milvus.samples import DAY, FIRST, NOON, message, messages_batch

CAMPAIGNS = 10
MESSAGES = 2_000
LIMIT = 20


async def found_by(reader: VectorReader, **narrowing: object) -> set[str]:
    found = await reader.similar_messages(
        [1.0] * EMBEDDING_DIMENSION, 10, materializations=[FIRST], **narrowing
    )
    return {hit.message_id for hit in found}


@pytest.fixture
def three_noons(messages: MessageVectors) -> None:
    """One message a noon, of two users."""
    rows = [
        message(f"m-{number}", user_id=user_id, sent_at=NOON + timedelta(days=number))
        for number, user_id in enumerate(["ada", '"ben"', "ada"])
    ]
    messages.write(messages_batch(rows))


@pytest.mark.usefixtures("three_noons")
async def test_messages_of_one_user_are_found(reader: VectorReader) -> None:
    assert await found_by(reader, user_id="ada") == {"m-0", "m-2"}
    assert await found_by(reader, user_id='"ben"') == {"m-1"}
    assert await found_by(reader, user_id='" or user_id != "') == set()


@pytest.mark.usefixtures("three_noons")
async def test_since_is_included_and_until_is_not(reader: VectorReader) -> None:
    next_noon = NOON + timedelta(days=1)

    assert await found_by(reader, since=next_noon) == {"m-1", "m-2"}
    assert await found_by(reader, until=next_noon) == {"m-0"}
    assert await found_by(reader, since=NOON, until=NOON) == set()


@pytest.mark.usefixtures("three_noons")
async def test_any_time_there_is_bounds_a_search(reader: VectorReader) -> None:
    always = {"m-0", "m-1", "m-2"}

    assert (
        await found_by(
            reader,
            since=datetime.min.replace(tzinfo=UTC),
            until=datetime.max.replace(tzinfo=UTC),
        )
        == always
    )


@pytest.mark.usefixtures("three_noons")
async def test_all_conditions_hold_at_once(reader: VectorReader) -> None:
    assert await found_by(
        reader,
        user_id="ada",
        campaign_ids=["tents", "boots"],
        since=NOON + timedelta(days=1),
    ) == {"m-2"}
    assert await found_by(reader, user_id="ada", exclude_user_id="ada") == set()


async def test_the_nearest_of_a_campaign_a_user_and_a_day_are_found_among_many(
    reader: VectorReader,
    messages: MessageVectors,
    messages_collection: str,
    client: MilvusClient,
) -> None:
    random = np.random.default_rng(11)
    campaign = np.arange(MESSAGES) % CAMPAIGNS
    centres = random.normal(size=(CAMPAIGNS, EMBEDDING_DIMENSION))
    vectors = 0.5 * centres[campaign] + random.normal(size=(MESSAGES, EMBEDDING_DIMENSION))
    vectors = (vectors.T / np.linalg.norm(vectors, axis=1)).T.astype(np.float32)
    day, user = random.integers(0, 30, MESSAGES), random.integers(0, 200, MESSAGES)
    rows = [
        message(
            f"m-{number}",
            user_id=f"u-{user[number]}",
            campaign_id=f"c-{campaign[number]}",
            sent_at=NOON + timedelta(days=int(day[number])),
            event_day=DAY + timedelta(days=int(day[number])),
            embedding=vectors[number].tolist(),
        )
        for number in range(MESSAGES)
    ]
    messages.write(messages_batch(rows))
    messages.digests([FIRST])
    # Loading waits for the index; until then every vector is compared, and nothing is lost.
    client.release_collection(messages_collection)
    client.load_collection(messages_collection)

    async def recall(query: int, allowed: np.ndarray, **narrowing: object) -> float:
        """Share of the true nearest among those found."""
        ids = np.flatnonzero(allowed)
        nearest = ids[np.argsort(-(vectors[ids] @ vectors[query]))[:LIMIT]]
        found = await reader.similar_messages(
            vectors[query].tolist(), LIMIT, materializations=[FIRST], **narrowing
        )
        return len({f"m-{number}" for number in nearest} & {hit.message_id for hit in found}) / len(
            nearest
        )

    shares = [
        share
        for query in range(5)
        for share in (
            await recall(query, campaign == 7, campaign_ids=["c-7"]),
            await recall(query, user == user[99], user_id=f"u-{user[99]}"),
            await recall(
                query, day == 3, since=NOON + timedelta(days=3), until=NOON + timedelta(days=4)
            ),
            await recall(query, user != user[99], exclude_user_id=f"u-{user[99]}"),
        )
    ]

    assert min(shares) > 0.9

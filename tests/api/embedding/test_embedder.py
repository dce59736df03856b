"""The real model, loaded once for the whole file."""

import asyncio
import gc
import math
import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from mpp_api.embedding import embedder as module
from mpp_api.embedding.embedder import (
    MAX_BATCH_TOKENS,
    MAX_REQUEST_TOKENS,
    MAX_TEXT_TOKENS,
    MAX_WAITING_TOKENS,
    TextEmbedder,
    open_embedder,
)
from mpp_api.recommendations.requests import MAX_SESSION_MESSAGES
from mpp_api.settings import ApiSettings
from mpp_stores import embedding_model
from mpp_stores.bounds import MAX_TEXT_CHARACTERS
from mpp_stores.breaker import GaveUpEarly
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.errors import StoreUnavailable
from mpp_stores.records import EMBEDDING_DIMENSION

LAMP = "Is the lamp bright enough to read by?"
LIGHT = "Does the light suffice for reading?"
CARD = "May I pay by card?"
PATIENCE = 60.0
SECONDS_A_TOKEN = 0.0003
LONG = (LAMP * MAX_TEXT_CHARACTERS)[:MAX_TEXT_CHARACTERS]
LARGEST_SESSION = [LONG] * (MAX_SESSION_MESSAGES + 1)


@pytest.fixture
async def embedder() -> AsyncIterator[TextEmbedder]:
    embedder = TextEmbedder(BUNDLED_MODEL)
    yield embedder
    embedder.close()


@pytest.fixture
def is_working() -> threading.Event:
    return threading.Event()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, is_working: threading.Event) -> list[Sequence[str]]:
    """The texts of every call of the model, which still runs and is never long."""
    made: list[Sequence[str]] = []

    def encode(texts: Sequence[str], model: str, *, most_tokens: int) -> np.ndarray:
        is_working.set()
        assert sum(min(len(text) + 2, most_tokens) for text in texts) <= MAX_BATCH_TOKENS
        made.append(list(texts))
        return embedding_model.encode(texts, model, most_tokens=most_tokens)

    monkeypatch.setattr(module, "encode", encode)
    return made


async def test_texts_become_the_unit_vectors_that_the_pipeline_writes(
    embedder: TextEmbedder,
) -> None:
    vectors = await embedder.embed([LAMP, LIGHT, CARD])
    assert [len(vector) for vector in vectors] == [EMBEDDING_DIMENSION] * 3
    assert np.allclose(vectors, embedding_model.encode([LAMP, LIGHT, CARD], BUNDLED_MODEL))
    assert all(math.isclose(np.linalg.norm(vector), 1, abs_tol=1e-5) for vector in vectors)
    lamp, light, card = (np.array(vector) for vector in vectors)
    assert lamp @ light > lamp @ card
    assert await embedder.embed([]) == []


async def test_the_garbage_collector_passes_a_warm_model_by(embedder: TextEmbedder) -> None:
    await embedder.warm_up()
    assert gc.get_freeze_count() > 100_000


async def test_texts_that_arrive_while_the_model_is_busy_are_embedded_together(
    embedder: TextEmbedder, calls: list[Sequence[str]]
) -> None:
    texts = [f"tent {number}" for number in range(10)]
    found = await asyncio.gather(*(embedder.embed([text]) for text in texts))
    assert [len(vectors) for vectors in found] == [1] * 10
    assert np.allclose(
        [vector for [vector] in found], embedding_model.encode(texts, BUNDLED_MODEL), atol=1e-6
    )
    assert [text for call in calls for text in call] == texts
    assert len(calls) <= 2


async def test_a_long_text_is_read_as_far_as_the_pipeline_reads_it(embedder: TextEmbedder) -> None:
    assert np.allclose(await embedder.embed([LONG]), embedding_model.encode([LONG], BUNDLED_MODEL))


async def test_of_many_long_texts_no_more_is_read_than_can_be_in_time(
    embedder: TextEmbedder, calls: list[Sequence[str]]
) -> None:
    beginnings = MAX_REQUEST_TOKENS // len(LARGEST_SESSION)
    [found, *others] = await embedder.embed(LARGEST_SESSION)
    [expected] = embedding_model.encode([LONG], BUNDLED_MODEL, most_tokens=beginnings)
    assert np.allclose(found, expected, atol=1e-6)
    assert np.allclose(others, expected, atol=1e-6)
    assert sum(map(len, calls)) == len(LARGEST_SESSION)


async def test_a_short_text_waits_for_one_call_of_a_long_request(
    embedder: TextEmbedder, calls: list[Sequence[str]], is_working: threading.Event
) -> None:
    session = asyncio.create_task(embedder.embed(LARGEST_SESSION))
    await asyncio.to_thread(is_working.wait, PATIENCE)
    assert len(await embedder.embed([LAMP])) == 1
    assert not session.done()
    assert len(await session) == len(LARGEST_SESSION)
    assert calls[1] == [LAMP]


async def test_the_event_loop_goes_on_while_the_model_works(embedder: TextEmbedder) -> None:
    working = asyncio.create_task(embedder.embed([LONG]))
    turns = 0
    while not working.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_who_gives_up_costs_the_others_nothing(
    embedder: TextEmbedder, calls: list[Sequence[str]]
) -> None:
    first = asyncio.create_task(embedder.embed(["first"]))
    await asyncio.sleep(0)
    impatient = asyncio.create_task(embedder.embed(["impatient"]))
    patient = asyncio.create_task(embedder.embed(["patient"]))
    await asyncio.sleep(0)
    impatient.cancel()
    assert len(await first) == len(await patient) == 1
    assert [text for call in calls for text in call] == ["first", "patient"]


async def test_nothing_more_is_done_for_who_gave_up(
    embedder: TextEmbedder, calls: list[Sequence[str]], is_working: threading.Event
) -> None:
    impatient = asyncio.create_task(embedder.embed(LARGEST_SESSION))
    await asyncio.to_thread(is_working.wait, PATIENCE)
    impatient.cancel()
    assert len(await embedder.embed([LAMP])) == 1
    assert calls[1:] == [[LAMP]]


def test_whatever_waits_is_embedded_within_the_time_of_a_leg() -> None:
    seconds = round(MAX_WAITING_TOKENS * SECONDS_A_TOKEN, 1)
    assert seconds <= ApiSettings.model_fields["api_leg_timeout_seconds"].default
    assert MAX_WAITING_TOKENS >= 2 * MAX_REQUEST_TOKENS


async def test_more_than_can_be_answered_in_time_is_refused_at_once(
    embedder: TextEmbedder,
) -> None:
    """The model is not to blame, nor to be left alone."""
    fitting = MAX_WAITING_TOKENS // MAX_TEXT_TOKENS
    waiting = [asyncio.create_task(embedder.embed([LONG])) for _ in range(fitting)]
    await asyncio.sleep(0)
    with pytest.raises(GaveUpEarly, match=f"{fitting} others wait already"):
        await embedder.embed([LONG])
    for request in waiting:
        request.cancel()
    await asyncio.sleep(0)
    assert len(await embedder.embed([LONG])) == 1


async def test_a_model_that_is_preloaded_is_used_before_the_first_text_comes(
    calls: list[Sequence[str]],
) -> None:
    async with open_embedder(BUNDLED_MODEL, preload=True) as embedder:
        await asyncio.sleep(0)
        assert len(await embedder.embed([LAMP])) == 1
    assert [text for call in calls for text in call] == ["warm up", LAMP]


async def test_a_model_that_cannot_be_preloaded_stops_nothing() -> None:
    async with open_embedder("/no/such/model", preload=True) as embedder:
        with pytest.raises(StoreUnavailable):
            await embedder.embed([LAMP])


async def test_a_model_that_cannot_be_loaded_is_unavailable_to_each_who_asks() -> None:
    embedder = TextEmbedder("/no/such/model")
    found = await asyncio.gather(
        *(embedder.embed([text]) for text in (LAMP, CARD)), return_exceptions=True
    )
    embedder.close()
    assert [type(error) for error in found] == [StoreUnavailable] * 2

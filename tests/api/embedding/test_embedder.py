"""The real model, loaded once for the whole file."""

import asyncio
import gc
import math
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from mpp_api.embedding import embedder as module
from mpp_api.embedding.embedder import (
    MAX_BATCH_TEXTS,
    MAX_WAITING_TEXTS,
    TextEmbedder,
    open_embedder,
)
from mpp_stores import embedding_model
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.errors import StoreUnavailable
from mpp_stores.records import EMBEDDING_DIMENSION

LAMP = "Is the lamp bright enough to read by?"
LIGHT = "Does the light suffice for reading?"
CARD = "May I pay by card?"


@pytest.fixture
async def embedder() -> AsyncIterator[TextEmbedder]:
    embedder = TextEmbedder(BUNDLED_MODEL)
    yield embedder
    embedder.close()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The texts of every call of the model, which still runs."""
    made: list[Sequence[str]] = []

    def encode(texts: Sequence[str], model: str) -> np.ndarray:
        made.append(list(texts))
        return embedding_model.encode(texts, model)

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
    try:
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()


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


async def test_a_call_of_the_model_stays_short(
    embedder: TextEmbedder, calls: list[Sequence[str]]
) -> None:
    texts = [["tent"] * 10 for _ in range(10)]
    await asyncio.gather(*map(embedder.embed, texts))
    assert sum(map(len, calls)) == 100
    assert max(map(len, calls)) <= MAX_BATCH_TEXTS


async def test_the_event_loop_goes_on_while_the_model_works(embedder: TextEmbedder) -> None:
    working = asyncio.create_task(embedder.embed(["Is the tent light?"] * MAX_BATCH_TEXTS))
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


async def test_more_than_can_be_answered_in_time_is_refused_at_once(
    embedder: TextEmbedder,
) -> None:
    with pytest.raises(StoreUnavailable, match="wait already"):
        await embedder.embed(["tent"] * (MAX_WAITING_TEXTS + 1))
    assert len(await embedder.embed(["tent"])) == 1


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

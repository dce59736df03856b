"""Embeds the texts of requests: off the event loop, and those of many requests together."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from mpp_stores.embedding_model import encode
from mpp_stores.errors import StoreUnavailable

logger = logging.getLogger(__name__)

STORE: Final = "model"
MAX_BATCH_TEXTS: Final = 64
"""Texts embedded in one call of the model: about 0.2 s on one core."""
MAX_WAITING_TEXTS: Final = 512
"""Beyond these a text would wait longer than its request does."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    texts: Sequence[str]
    vectors: "asyncio.Future[list[list[float]]]"


class TextEmbedder:
    """One thread runs the model, which is loaded when it is first needed.

    While the thread is busy the texts that arrive are collected, and go to the model as one
    batch when it is done: a lone request waits for nobody, and many share one call.
    """

    def __init__(self, model: str) -> None:
        self.model: Final = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A unit vector for each text, in order.

        Raises `StoreUnavailable` when the model cannot be loaded, or too many texts wait.
        """
        if not texts:
            return []
        waiting = sum(len(each.texts) for each in self._waiting)
        if waiting + len(texts) > MAX_WAITING_TEXTS:
            raise StoreUnavailable(
                STORE, f"embed {len(texts)} texts", f"{waiting} others wait already"
            )
        request = _Waiting(texts, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await request.vectors

    async def warm_up(self) -> None:
        """Load the model ahead of the first request; a failure is left to that one.

        It brings some 400,000 objects that live as long as the process. The garbage collector
        is told to pass them by: walking them would hold up every request, now and then, by
        0.4 s.
        """
        started = perf_counter()
        try:
            await self.embed(["warm up"])
        except StoreUnavailable as error:
            logger.warning("%s", error)
        else:
            gc.freeze()
            logger.info("embedding model loaded in %.1f s", perf_counter() - started)

    def close(self) -> None:
        """Whoever still waits is cancelled."""
        if self._working is not None:
            self._working.cancel()
        for request in self._waiting:
            request.vectors.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        while batch := self._next_batch():
            texts = [text for request in batch for text in request.texts]
            try:
                vectors = await asyncio.get_running_loop().run_in_executor(
                    self._thread, _encode, texts, self.model
                )
            except Exception as error:  # whatever the model's library raises
                _fail(batch, error)
            else:
                _answer(batch, vectors)

    def _next_batch(self) -> list[_Waiting]:
        """The oldest requests that fit one call; at least one, were it larger. Those who gave
        up are left out."""
        self._waiting = [request for request in self._waiting if not request.vectors.done()]
        size = count = 0
        for request in self._waiting:
            size += len(request.texts)
            if count and size > MAX_BATCH_TEXTS:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


@asynccontextmanager
async def open_embedder(model: str, *, preload: bool) -> AsyncIterator[TextEmbedder]:
    embedder = TextEmbedder(model)
    loading = asyncio.create_task(embedder.warm_up()) if preload else None
    try:
        yield embedder
    finally:
        embedder.close()
        if loading is not None:
            loading.cancel()


def _encode(texts: Sequence[str], model: str) -> list[list[float]]:
    vectors: list[list[float]] = encode(texts, model).tolist()
    return vectors


def _answer(batch: Sequence[_Waiting], vectors: list[list[float]]) -> None:
    start = 0
    for request in batch:
        end = start + len(request.texts)
        if not request.vectors.done():
            request.vectors.set_result(vectors[start:end])
        start = end


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for request in batch:
        if not request.vectors.done():
            request.vectors.set_exception(StoreUnavailable(STORE, "embed texts", error))

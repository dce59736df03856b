"""Embeds the texts of requests: off the event loop, and those of many requests together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import Final

from mpp_stores.breaker import GaveUpEarly
from mpp_stores.embedding_model import encode
from mpp_stores.errors import StoreUnavailable

logger = logging.getLogger(__name__)

STORE: Final = "model"

# What a text costs are the tokens that the model reads of it, 0.3 ms each on one core. They are
# not known before it does: a text counts as one a character, the most there can be, and two around
# it. English has about four characters a token.
MAX_TEXT_TOKENS: Final = 256
"""All that the bundled model can read of a text: a thousand characters of English."""
MAX_REQUEST_TOKENS: Final = 2_048
"""Of the texts of one request, all read as far: 0.6 s, half of what a leg may take."""
MAX_BATCH_TOKENS: Final = 1_024
"""In one call of the model: those who ask meanwhile wait for 0.3 s."""
MAX_WAITING_TOKENS: Final = 4_096
"""Two of the largest requests, 1.2 s: beyond these a text would wait longer than its leg does."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """`vectors` are those of the first texts; `answer` takes them when there are all."""

    texts: Sequence[str]
    most_tokens: int
    answer: "asyncio.Future[list[list[float]]]"
    vectors: list[list[float]] = field(default_factory=list)

    def tokens_left(self) -> int:
        return self.tokens(self.texts[len(self.vectors) :])

    def next_texts(self, tokens: int) -> list[str]:
        """As many of the texts without vectors as are no more tokens."""
        taken = []
        for text in self.texts[len(self.vectors) :]:
            tokens -= self.tokens([text])
            if tokens < 0:
                break
            taken.append(text)
        return taken

    def tokens(self, texts: Sequence[str]) -> int:
        return sum(min(len(text) + 2, self.most_tokens) for text in texts)


_Part = tuple[_Waiting, list[str]]
"""Of a request, some of its texts."""


class TextEmbedder:
    """One thread runs the model, which is loaded when it is first needed.

    While the thread is busy the texts that arrive are collected, and go to the model in batches
    when it is done: a lone request waits for nobody, and many share one call. Who has least left
    goes first, so that a short text waits for one call of a long request and not for all
    (shortest remaining processing time; Schrage, "A Proof of the Optimality of the Shortest
    Remaining Processing Time Discipline", Operations Research 16, 1968). Nothing more is done
    for those who gave up.
    """

    def __init__(self, model: str) -> None:
        self.model: Final = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A unit vector for each text, in order.

        Raises `StoreUnavailable` when the model cannot be loaded, and `GaveUpEarly` when too many
        texts wait.
        """
        if not texts:
            return []
        request = _Waiting(
            texts,
            min(MAX_TEXT_TOKENS, MAX_REQUEST_TOKENS // len(texts)),
            asyncio.get_running_loop().create_future(),
        )
        self._forget_those_who_gave_up()
        waiting = sum(each.tokens_left() for each in self._waiting)
        if waiting + request.tokens_left() > MAX_WAITING_TOKENS:
            raise GaveUpEarly(
                STORE, f"embed {len(texts)} texts", f"{len(self._waiting)} others wait already"
            )
        self._waiting.append(request)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await request.answer

    async def warm_up(self) -> None:
        """Load the model ahead of the first request; a failure is left to that one."""
        started = perf_counter()
        try:
            await self.embed(["warm up"])
        except StoreUnavailable as error:
            logger.warning("%s", error)
        else:
            logger.info("embedding model loaded in %.1f s", perf_counter() - started)

    def close(self) -> None:
        """Whoever still waits is cancelled."""
        if self._working is not None:
            self._working.cancel()
        for request in self._waiting:
            request.answer.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        while batch := self._next_batch():
            texts = [text for _, part in batch for text in part]
            most_tokens = batch[0][0].most_tokens
            try:
                vectors = await asyncio.get_running_loop().run_in_executor(
                    self._thread, _encode, texts, self.model, most_tokens
                )
            except Exception as error:  # whatever the model's library raises
                _fail(batch, error)
            else:
                _answer(batch, vectors)

    def _next_batch(self) -> list[_Part]:
        """What fits one call, of those who have least left. All of it is read alike: a vector
        must not depend on who else asks."""
        self._forget_those_who_gave_up()
        self._waiting.sort(key=_Waiting.tokens_left)
        batch: list[_Part] = []
        room = MAX_BATCH_TOKENS
        for request in self._waiting:
            if request.most_tokens != self._waiting[0].most_tokens:
                continue
            part = request.next_texts(room)
            if not part:
                break
            room -= request.tokens(part)
            batch.append((request, part))
        return batch

    def _forget_those_who_gave_up(self) -> None:
        """And those who have their answer."""
        self._waiting = [request for request in self._waiting if not request.answer.done()]


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


def _encode(texts: Sequence[str], model: str, most_tokens: int) -> list[list[float]]:
    vectors: list[list[float]] = encode(texts, model, most_tokens=most_tokens).tolist()
    return vectors


def _answer(batch: Sequence[_Part], vectors: Sequence[list[float]]) -> None:
    left = iter(vectors)
    for request, part in batch:
        request.vectors += islice(left, len(part))
        if len(request.vectors) == len(request.texts) and not request.answer.done():
            request.answer.set_result(request.vectors)


def _fail(batch: Sequence[_Part], error: Exception) -> None:
    for request, _ in batch:
        if not request.answer.done():
            request.answer.set_exception(StoreUnavailable(STORE, "embed texts", error))

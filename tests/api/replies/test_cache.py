"""Which replies are kept, for how long, and who computes them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from mpp_api.metrics.service import Metrics
from mpp_api.releases.catalog import Catalog
from mpp_api.releases.served import Contents, ServedRelease
from mpp_api.releases.state import ReleaseState
from mpp_api.replies.cache import BRIEF_TTL, Answer, CachedReplies, Computed, Keep
from mpp_stores.postgres.erasures import ErasedSubjects, subject_hash
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Release
from mpp_stores.redis.cache import REPLY_TTL, TTL_JITTER, CacheOutcome, ReplyCache
from mpp_stores.redis.keys import reply_key, subject_key
from mpp_stores.settings import StoreSettings
from tests.api.addresses import NOWHERE

HIT, MISS, BYPASS = CacheOutcome.HIT, CacheOutcome.MISS, CacheOutcome.BYPASS
INPUTS = {"limit": 5}
CALLERS = 30


@pytest.fixture
def served() -> ServedRelease:
    """A release of the test's own: whatever is kept for it is found by nobody else."""
    release = Release(
        release_id=f"test-{uuid4().hex}",
        published_at=datetime.now(UTC),
        dagster_run_id="",
        data_through=date(1999, 3, 31),
        row_counts={},
        quality={},
        ranking={},
        embedding_model="",
        predecessor=None,
        is_kept=True,
    )
    return ServedRelease(
        release=release,
        ranking=RankingConfiguration(),
        contents=Contents((), (), 1, 1, 1, 1, 1, 1),
        catalog=Catalog(),
        performances={},
        erased=ErasedSubjects(b"", frozenset()),
        erasures_key="",
        state=ReleaseState.CURRENT,
        stale_after=timedelta(days=1),
    )


@pytest.fixture
async def cache(
    settings: StoreSettings, served: ServedRelease, subject: str
) -> AsyncIterator[ReplyCache]:
    """Of a Redis that may be slow, on a busy machine, and is there all the same."""
    async with (
        ReplyCache(settings, timeout_seconds=10) as cache,
        Redis.from_url(settings.redis_url.get_secret_value()) as redis,
    ):
        yield cache
        await redis.delete(subject_key(subject), key(served))


@pytest.fixture
def subject() -> str:
    return f"test-{uuid4().hex}"


def key(served: ServedRelease) -> str:
    inputs = {**INPUTS, "erasures": served.erasures_key}
    return reply_key("test", served.release.release_id, inputs)


class Question:
    """Asked again and again; counts how often it was computed."""

    def __init__(
        self, cache: ReplyCache, served: ServedRelease, subject: str | None, keep: Keep
    ) -> None:
        self.metrics = Metrics()
        self.replies = CachedReplies(cache, self.metrics)
        self.served = served
        self.subject = subject
        self.keep = keep
        self.computed = 0
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def compute(self) -> Computed:
        self.computed += 1
        body = f'{{"number": {self.computed}}}\n'.encode()
        await self.may_end.wait()
        return Computed(body, self.keep, ("lamps", "boots"), "hybrid", 11)

    async def ask(self) -> Answer:
        return await self.replies.answer(
            "test", self.served, INPUTS, subject=self.subject, compute=self.compute
        )

    async def asked_by(self, callers: int) -> list[Answer]:
        """All of them have looked in the cache before the first gets an answer."""
        self.may_end.clear()
        asked = [asyncio.create_task(self.ask()) for _ in range(callers)]
        await until(lambda: sum(self.lookups().values()) == callers)
        self.may_end.set()
        return await asyncio.gather(*asked)

    def lookups(self) -> dict[str, float]:
        """How many there were, by outcome."""
        found = re.findall(
            r'mpp_api_cache_results_total{result="(\w+)"} (\S+)',
            self.metrics.exposition(None).decode(),
        )
        return {outcome: float(count) for outcome, count in found}

    async def outcomes(self, times: int = 2) -> list[CacheOutcome]:
        return [(await self.ask()).outcome for _ in range(times)]


@pytest.fixture
def question(cache: ReplyCache, served: ServedRelease, subject: str) -> Question:
    return Question(cache, served, subject, Keep.FULL)


@pytest.fixture
async def redis(settings: StoreSettings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


async def test_a_hit_has_the_bytes_and_the_figures_that_were_computed(question: Question) -> None:
    missed, hit = await question.ask(), await question.ask()
    assert missed == Answer(b'{"number": 1}\n', MISS, ("lamps", "boots"), "hybrid", 11)
    assert hit == replace(missed, outcome=HIT)


async def test_a_reply_about_nobody_is_kept_too(question: Question) -> None:
    question.subject = None
    assert await question.outcomes() == [MISS, HIT]


@pytest.mark.parametrize(("keep", "ttl"), [(Keep.FULL, REPLY_TTL), (Keep.BRIEFLY, BRIEF_TTL)])
async def test_a_reply_is_kept_for_as_long_as_it_says(
    question: Question, redis: Redis, keep: Keep, ttl: timedelta
) -> None:
    question.keep = keep
    await question.ask()
    seconds = await redis.ttl(key(question.served))
    assert ttl.total_seconds() * (1 - TTL_JITTER) - 5 < seconds
    assert seconds <= ttl.total_seconds() * (1 + TTL_JITTER)


async def test_a_reply_that_lacks_a_leg_is_not_kept(question: Question) -> None:
    question.keep = Keep.NOT
    assert await question.outcomes() == [MISS, MISS]


async def test_a_reply_over_a_last_known_release_is_not_kept_but_found(question: Question) -> None:
    current = question.served
    question.served = replace(current, state=ReleaseState.LAST_KNOWN)
    assert await question.outcomes() == [MISS, MISS]
    question.served = current
    assert await question.outcomes() == [MISS, HIT]
    question.served = replace(current, state=ReleaseState.LAST_KNOWN)
    assert await question.outcomes() == [HIT, HIT]


async def test_nothing_is_kept_about_an_erased_user(question: Question) -> None:
    assert question.subject is not None
    hashes = frozenset({subject_hash(b"salt", question.subject)})
    question.served = replace(question.served, erased=ErasedSubjects(b"salt", hashes))
    assert await question.outcomes() == [BYPASS, BYPASS]


async def test_with_other_erasures_another_reply_is_computed(question: Question) -> None:
    await question.ask()
    question.served = replace(question.served, erasures_key="one more")
    assert (await question.ask()).outcome is MISS


async def test_after_an_invalidation_the_reply_is_computed_anew(
    question: Question, cache: ReplyCache
) -> None:
    assert question.subject is not None
    await question.ask()
    await cache.invalidate(question.subject)
    assert (await question.ask()).body == b'{"number": 2}\n'
    assert (await question.ask()).outcome is HIT


async def test_equal_questions_at_the_same_time_are_computed_once(question: Question) -> None:
    answers = await question.asked_by(CALLERS)
    assert question.computed == 1
    assert {answer.body for answer in answers} == {b'{"number": 1}\n'}


async def test_without_redis_equal_questions_at_the_same_time_are_computed_once(
    settings: StoreSettings, served: ServedRelease, subject: str
) -> None:
    nowhere = SecretStr(f"redis://127.0.0.1:{NOWHERE}")
    async with ReplyCache(settings.model_copy(update={"redis_url": nowhere})) as cache:
        question = Question(cache, served, subject, Keep.FULL)
        answers = await question.asked_by(CALLERS)
    assert question.computed == 1
    assert {answer.outcome for answer in answers} == {BYPASS}


async def test_who_asks_after_an_invalidation_does_not_join_a_computation_begun_before(
    question: Question, cache: ReplyCache
) -> None:
    assert question.subject is not None
    question.may_end.clear()
    before = asyncio.create_task(question.ask())
    await until(lambda: question.computed == 1)
    await cache.invalidate(question.subject)
    after = asyncio.create_task(question.ask())
    await until(lambda: question.computed == 2)
    question.may_end.set()
    assert (await before).body == b'{"number": 1}\n'
    assert (await after).body == b'{"number": 2}\n'
    assert (await question.ask()).body == b'{"number": 2}\n'


async def test_every_outcome_is_counted(question: Question) -> None:
    await question.outcomes(3)
    assert question.lookups() == {"miss": 1.0, "hit": 2.0, "bypass": 0.0}


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - a metric tells nobody that it changed
            await asyncio.sleep(0.001)

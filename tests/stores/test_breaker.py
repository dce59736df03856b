import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mpp_stores.breaker import Breakers, GaveUpEarly, StoreLeftAlone
from mpp_stores.errors import StoreRejected, StoreUnavailable

FOR_GOOD = 3_600.0
AT_ONCE = 1e-6


async def answer() -> str:
    return "answer"


def failing(error: Exception) -> Callable[[], Awaitable[str]]:
    async def fail() -> str:
        raise error

    return fail


DOWN = failing(StoreUnavailable("milvus", "search", "nobody listens"))
REFUSED = failing(StoreRejected("milvus", "search", "no such field"))
GAVE_UP = failing(GaveUpEarly("milvus", "search", "the request's time is up"))
DEFECT = failing(KeyError("ours"))


async def call(
    breakers: Breakers, work: Callable[[], Awaitable[str]], store: str = "milvus"
) -> str:
    return await breakers.call(store, "search", work)


async def fails(breakers: Breakers, work: Callable[[], Awaitable[str]], times: int) -> None:
    for _ in range(times):
        with pytest.raises((StoreUnavailable, StoreRejected, KeyError)) as failure:
            await call(breakers, work)
        assert not isinstance(failure.value, StoreLeftAlone)


async def test_after_some_failures_in_a_row_the_store_is_not_asked() -> None:
    breakers = Breakers(failures=3, seconds=FOR_GOOD)
    await fails(breakers, DOWN, times=3)

    with pytest.raises(StoreLeftAlone):
        await call(breakers, DEFECT)
    assert breakers.is_left_alone("milvus")


async def test_an_answer_in_between_starts_the_count_anew() -> None:
    breakers = Breakers(failures=3, seconds=FOR_GOOD)
    await fails(breakers, DOWN, times=2)
    await call(breakers, answer)
    await fails(breakers, DOWN, times=2)

    assert await call(breakers, answer) == "answer"


async def test_the_other_stores_are_asked() -> None:
    breakers = Breakers(failures=1, seconds=FOR_GOOD)
    await fails(breakers, DOWN, times=1)

    assert await call(breakers, answer, store="neo4j") == "answer"
    assert not breakers.is_left_alone("neo4j")


@pytest.mark.parametrize("work", [REFUSED, GAVE_UP, DEFECT])
async def test_what_is_no_outage_leaves_the_store_in_use(
    work: Callable[[], Awaitable[str]],
) -> None:
    breakers = Breakers(failures=1, seconds=FOR_GOOD)
    await fails(breakers, work, times=5)

    assert await call(breakers, answer) == "answer"


async def test_a_cancelled_call_says_nothing_about_the_store() -> None:
    breakers = Breakers(failures=2, seconds=FOR_GOOD)
    await fails(breakers, DOWN, times=1)
    waiting = asyncio.create_task(call(breakers, asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not breakers.is_left_alone("milvus")
    await fails(breakers, DOWN, times=1)

    assert breakers.is_left_alone("milvus")


async def test_a_store_that_answers_again_is_used_again() -> None:
    breakers = Breakers(failures=1, seconds=AT_ONCE)
    await fails(breakers, DOWN, times=1)
    await asyncio.sleep(0.001)

    assert await call(breakers, answer) == "answer"
    assert not breakers.is_left_alone("milvus")


async def test_a_store_that_fails_again_is_left_alone_again() -> None:
    breakers = Breakers(failures=3, seconds=AT_ONCE)
    await fails(breakers, DOWN, times=3)
    await asyncio.sleep(0.001)
    await fails(breakers, DOWN, times=1)

    assert breakers.is_left_alone("milvus")


async def test_one_call_at_a_time_tries_whether_the_store_is_back() -> None:
    breakers = Breakers(failures=1, seconds=AT_ONCE)
    await fails(breakers, DOWN, times=1)
    await asyncio.sleep(0.001)
    may_answer = asyncio.Event()

    async def answer_later() -> str:
        await may_answer.wait()
        return "late answer"

    trying = asyncio.create_task(call(breakers, answer_later))
    await asyncio.sleep(0)
    with pytest.raises(StoreLeftAlone):
        await call(breakers, answer)
    assert breakers.is_left_alone("milvus")
    may_answer.set()

    assert await trying == "late answer"
    assert not breakers.is_left_alone("milvus")
    assert await call(breakers, answer) == "answer"


@pytest.mark.parametrize("work", [GAVE_UP, DEFECT])
async def test_a_try_that_said_nothing_is_followed_by_another(
    work: Callable[[], Awaitable[str]],
) -> None:
    breakers = Breakers(failures=1, seconds=AT_ONCE)
    await fails(breakers, DOWN, times=1)
    await asyncio.sleep(0.001)
    await fails(breakers, work, times=1)

    assert breakers.is_left_alone("milvus")
    assert await call(breakers, answer) == "answer"


async def test_an_open_breaker_keeps_hold_of_nobodys_frames() -> None:
    breakers = Breakers(failures=1, seconds=FOR_GOOD)
    await fails(breakers, DOWN, times=1)
    depths = []
    for _ in range(3):
        with pytest.raises(StoreLeftAlone) as refusal:
            await call(breakers, answer)
        opened = refusal.value.__context__
        assert opened is not None
        depths.append(opened.__traceback__)
    assert depths == [None] * 3

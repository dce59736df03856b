import asyncio

import pytest

from mpp_api.replies.flights import Flights


class Work:
    """Counts how often it began, and ends when it may."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.error = error

    async def compute(self) -> int:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return number


async def test_who_asks_meanwhile_gets_the_same_result() -> None:
    flights, work = Flights[int](), Work()
    waiting = [asyncio.create_task(flights.join("key", work.compute)) for _ in range(50)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*waiting) == [1] * 50


async def test_other_keys_are_computed_on_their_own() -> None:
    flights, work = Flights[int](), Work()
    work.may_end.set()
    results = await asyncio.gather(*(flights.join(key, work.compute) for key in "abc"))
    assert sorted(results) == [1, 2, 3]


async def test_a_result_is_not_remembered() -> None:
    flights, work = Flights[int](), Work()
    work.may_end.set()
    assert [await flights.join("key", work.compute) for _ in range(3)] == [1, 2, 3]


async def test_an_error_is_everybodys_and_the_next_who_asks_tries_again() -> None:
    flights, work = Flights[int](), Work(ValueError("once"))
    waiting = [asyncio.create_task(flights.join("key", work.compute)) for _ in range(3)]
    await asyncio.sleep(0)
    work.may_end.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["once"] * 3
    work.error = None
    assert await flights.join("key", work.compute) == 2


async def test_who_came_first_can_leave_without_the_others_losing_anything() -> None:
    flights, work = Flights[int](), Work()
    first = asyncio.create_task(flights.join("key", work.compute))
    await asyncio.sleep(0)
    second = asyncio.create_task(flights.join("key", work.compute))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == 1


async def test_a_computation_that_everybody_left_ends_quietly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flights, work = Flights[int](), Work(ValueError("nobody hears it"))
    only = asyncio.create_task(flights.join("key", work.compute))
    await asyncio.sleep(0)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    work.may_end.set()
    await asyncio.sleep(0.01)
    work.error = None
    assert await flights.join("key", work.compute) == 2
    assert caplog.records == []

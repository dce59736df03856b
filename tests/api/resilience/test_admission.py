"""Whose reply is computed now, who waits, and who is sent away."""

import asyncio
import math

import pytest

from mpp_api.deadline import Deadline
from mpp_api.errors import Overloaded
from mpp_api.resilience.admission import Admission, longest_wait

LONG = 3_600.0
SHORT = 0.02


async def test_so_many_are_admitted_at_once_and_the_others_in_their_turn() -> None:
    admission, inside, most = Admission(2), 0, 0
    admitted: list[int] = []

    async def compute(number: int) -> None:
        nonlocal inside, most
        async with admission.place(Deadline(LONG)):
            admitted.append(number)
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(SHORT)
            inside -= 1

    await asyncio.gather(*(compute(number) for number in range(7)))
    assert (most, admitted) == (2, list(range(7)))


async def test_who_would_wait_too_long_is_sent_away_and_takes_nobody_s_place() -> None:
    admission = Admission(1)
    async with admission.place(Deadline(LONG)):
        with pytest.raises(Overloaded):
            async with admission.place(Deadline(SHORT)):
                raise AssertionError("admitted")
    async with admission.place(Deadline(LONG)):
        pass


@pytest.mark.parametrize(
    ("left", "computing_seconds", "expected"),
    [(3.0, math.inf, 2.0), (25.0, 1.5, 23.5), (3.0, 1.5, 2.0)],
)
def test_what_computing_takes_is_kept_of_the_time_and_a_third_at_most(
    left: float, computing_seconds: float, expected: float
) -> None:
    assert longest_wait(left, computing_seconds) == pytest.approx(expected)


async def test_who_has_no_time_left_is_sent_away_though_a_place_is_free() -> None:
    with pytest.raises(Overloaded):
        async with Admission(1).place(Deadline(0)):
            raise AssertionError("admitted")


async def test_a_place_is_free_again_after_an_error() -> None:
    admission = Admission(1)
    with pytest.raises(ValueError, match="a defect"):
        async with admission.place(Deadline(LONG)):
            raise ValueError("a defect")
    async with admission.place(Deadline(LONG)):
        pass

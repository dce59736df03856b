"""Whose reply is computed now, who waits, and who is sent away."""

import asyncio

import pytest

from mpp_api.deadline import Deadline
from mpp_api.errors import Overloaded
from mpp_api.resilience.admission import Admission

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

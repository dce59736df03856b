"""What happens to one call of a store."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mpp_api.deadline import Deadline, NoAnswerInTime
from mpp_api.metrics.service import Metrics
from mpp_api.resilience.guards import QUICK_SECONDS, Guards
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.resilience.retry_budget import MOST_SAVED
from mpp_stores.breaker import Breakers, GaveUpEarly, StoreLeftAlone
from mpp_stores.errors import StoreError, StoreRejected, StoreUnavailable

LONG = 3_600.0
SHORT = 0.02


class Store:
    """Does in each call what is said: raise it, or wait for it."""

    def __init__(self, *behaviours: StoreError | float) -> None:
        self.behaviours = list(behaviours)
        self.calls = 0

    async def answer(self) -> str:
        self.calls += 1
        behaviour = self.behaviours.pop(0) if self.behaviours else None
        if isinstance(behaviour, StoreError):
            raise behaviour
        if behaviour is not None:
            await asyncio.sleep(behaviour)
        return "answer"


LOST = StoreUnavailable("neo4j", "walk", "connection reset")
REFUSED = StoreRejected("neo4j", "walk", "syntax error")


class App:
    def __init__(self, timeout_seconds: float = LONG, failures: int = 1_000) -> None:
        self.metrics = Metrics()
        self.breakers = Breakers(failures=failures, seconds=LONG)
        self.guards = Guards(self.breakers, self.metrics, timeout_seconds)

    async def call(
        self, work: Callable[[], Awaitable[str]], deadline: Deadline | None = None
    ) -> str:
        return await self.guards.call("neo4j", "walk", work, deadline or Deadline(LONG))

    def legs(self, deadline: Deadline | None = None) -> Legs:
        return Legs(self.guards, self.metrics, deadline or Deadline(LONG))


async def test_a_quick_failure_is_repeated_once_and_counted() -> None:
    app, store = App(), Store(LOST)
    assert await app.call(store.answer) == "answer"
    assert store.calls == 2
    assert b'mpp_api_store_retries_total{store="neo4j"} 1.0' in app.metrics.exposition(None)


async def test_a_call_that_fails_twice_fails() -> None:
    store = Store(LOST, LOST)
    with pytest.raises(StoreUnavailable):
        await App().call(store.answer)
    assert store.calls == 2


async def test_a_refusal_is_not_repeated() -> None:
    store = Store(REFUSED)
    with pytest.raises(StoreRejected):
        await App().call(store.answer)
    assert store.calls == 1


async def test_a_late_answer_is_not_asked_for_again() -> None:
    store = Store(LONG)
    with pytest.raises(NoAnswerInTime):
        await App(timeout_seconds=SHORT).call(store.answer)
    assert store.calls == 1


async def test_a_failure_that_took_its_time_is_not_repeated() -> None:
    async def give_up_slowly() -> str:
        store.calls += 1
        await asyncio.sleep(QUICK_SECONDS * 1.5)
        raise LOST

    store = Store()
    with pytest.raises(StoreUnavailable):
        await App().call(give_up_slowly)
    assert store.calls == 1


async def test_when_every_call_fails_few_are_repeated() -> None:
    app = App()
    store = Store(*[LOST] * 1_000)
    for _ in range(200):
        with pytest.raises(StoreUnavailable):
            await app.call(store.answer)
    assert store.calls <= 200 * 1.1 + MOST_SAVED + 5


async def test_a_store_that_was_late_often_is_not_asked() -> None:
    app, store = App(timeout_seconds=SHORT, failures=2), Store(LONG, LONG)
    for _ in range(2):
        with pytest.raises(NoAnswerInTime):
            await app.call(store.answer)
    with pytest.raises(StoreLeftAlone):
        await app.call(store.answer)
    assert store.calls == 2


async def test_a_store_is_not_blamed_for_a_request_that_had_no_time_left_for_it() -> None:
    app, store = App(failures=1), Store(LONG, LONG)
    with pytest.raises(GaveUpEarly):
        await app.call(store.answer, Deadline(SHORT))
    with pytest.raises(GaveUpEarly):
        await app.call(store.answer, Deadline(0))
    assert store.calls == 1
    assert not app.breakers.is_left_alone("neo4j")


async def test_a_call_that_its_driver_cancelled_has_failed_and_is_no_cancelled_request() -> None:
    async def dropped() -> str:
        raise asyncio.CancelledError

    with pytest.raises(StoreUnavailable, match="cancelled"):
        await App().call(dropped)


async def test_work_that_does_not_stop_when_cancelled_delays_nobody() -> None:
    """As a driver does that says goodbye to a server which does not answer."""
    stopped = asyncio.Event()

    async def stubborn() -> str:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            await stopped.wait()
            raise LOST from None
        return "answer"

    async with asyncio.timeout(30):
        with pytest.raises(NoAnswerInTime):
            await App(timeout_seconds=SHORT).call(stubborn)
    stopped.set()


async def test_a_cancelled_request_cancels_its_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.sleep(LONG)
        finally:
            cancelled.set()
        return "answer"

    request = asyncio.create_task(App().call(work))
    await asyncio.sleep(SHORT)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    async with asyncio.timeout(30):
        await cancelled.wait()


async def test_a_failed_leg_is_missing_and_an_answered_one_is_not() -> None:
    legs = App().legs()
    assert await legs.run(Leg.GRAPH, "walk", Store(REFUSED).answer) is None
    assert await legs.run(Leg.VECTOR, "search", Store().answer) == "answer"
    assert legs.missing == [Leg.GRAPH]


async def test_a_store_that_let_a_reply_wait_is_not_waited_for_again_by_that_reply() -> None:
    app, store = App(timeout_seconds=SHORT), Store(LONG)
    legs = app.legs()
    for _ in range(2):
        assert await legs.run(Leg.GRAPH, "walk", store.answer) is None
    assert store.calls == 1
    assert await app.legs().run(Leg.GRAPH, "walk", store.answer) == "answer"


async def test_each_of_many_replies_has_its_own_missing_legs() -> None:
    legs = App().legs()
    other = legs.of_another_reply(Deadline(LONG))
    await legs.run(Leg.GRAPH, "walk", Store(REFUSED).answer)
    assert other.missing == []


async def test_where_a_reply_is_nothing_without_a_leg_its_failure_is_raised() -> None:
    with pytest.raises(StoreRejected):
        await App().legs().required(Leg.TABLE, "read", Store(REFUSED).answer)

"""What the clients do about failures that may pass."""

import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from mpp_api.client import (
    AsyncClient,
    Client,
    NoAnswer,
    NotFound,
    ProblemAnswer,
    Retries,
    ServiceFailure,
    TooManyRequests,
    Unavailable,
)
from mpp_api.client.errors import problem_answer

HEALTHY = httpx.Response(200, json={"status": "ok", "stores": {}, "release": None})
BUSY = httpx.Response(
    429, headers={"Retry-After": "0"}, json={"type": "urn:problem-type:mpp:rate", "title": "Busy"}
)
BRIEFLY = Retries(budget_seconds=1.0)


class Replies:
    """A network that answers what it was told, in order, and counts what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Sequence[httpx.Response | Exception] = answers
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.content, request=request
        )


def client_of(replies: Callable[[httpx.Request], httpx.Response], retries: Retries) -> Client:
    return Client("http://api", "key", retries=retries, transport=httpx.MockTransport(replies))


@pytest.mark.parametrize(
    "failure",
    [
        BUSY,
        httpx.Response(502, headers={"Retry-After": "0"}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_a_failure_that_may_pass_is_tried_again(failure: httpx.Response | Exception) -> None:
    replies = Replies(failure, failure, HEALTHY)
    with client_of(replies, BRIEFLY) as client:
        assert client.health().body.status == "ok"
    assert replies.asked == 3


async def test_the_awaited_client_tries_again_too() -> None:
    replies = Replies(BUSY, HEALTHY)
    transport = httpx.MockTransport(replies)
    async with AsyncClient("http://api", "key", retries=BRIEFLY, transport=transport) as client:
        assert (await client.health()).body.status == "ok"
    assert replies.asked == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (500, ServiceFailure), (418, ProblemAnswer)]
)
def test_a_failure_that_stays_is_raised_at_once(status: int, kind: type[Exception]) -> None:
    replies = Replies(httpx.Response(status))
    with client_of(replies, BRIEFLY) as client, pytest.raises(kind):
        client.users()
    assert replies.asked == 1


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    replies = Replies(httpx.Response(503, headers={"Retry-After": "3600"}))
    with client_of(replies, BRIEFLY) as client, pytest.raises(Unavailable) as failure:
        client.users()
    assert replies.asked == 1
    assert failure.value.retry_after_seconds == 3600


def test_tries_are_counted_whatever_they_cost() -> None:
    replies = Replies(BUSY)
    with client_of(replies, Retries(most=2)) as client, pytest.raises(TooManyRequests):
        client.users()
    assert replies.asked == 3


def test_without_an_advice_pauses_double_within_the_budget() -> None:
    retries, waited, pauses = Retries(budget_seconds=2.0, most=9), 0.0, []
    while True:
        pause = retries.pause(NoAnswer(), tried=len(pauses) + 1, waited=waited)
        if pause is None:
            break
        pauses.append(pause)
        waited += pause
    assert waited <= 2.0
    for tried, pause in enumerate(pauses):
        assert 0.1 * 2**tried <= pause <= 0.2 * 2**tried


@pytest.mark.parametrize("content", [b"", b"<html>Bad gateway</html>", b"[]"])
def test_a_failure_without_a_problem_body_is_named_by_its_status(content: bytes) -> None:
    failure = problem_answer(502, {"Retry-After": "soon"}, content)
    assert isinstance(failure, Unavailable)
    assert failure.title == "Bad Gateway"
    assert failure.retry_after_seconds is None


def test_retry_after_may_be_a_date() -> None:
    headers = {"Retry-After": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(0))}
    assert problem_answer(503, headers, b"").retry_after_seconds == 0.0

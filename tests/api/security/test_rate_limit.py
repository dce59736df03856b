import asyncio
from collections.abc import Iterator

import pytest
from limits import parse

from mpp_api.security import rate_limit
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.rate_limit import RateLimiter
from mpp_api.settings import ApiSettings
from mpp_stores import api_keys
from mpp_stores.api_keys import Role
from mpp_stores.errors import StoreUnavailable
from mpp_stores.redis.request_counts import RequestCounts
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.keys import KEYS

START_OF_A_MINUTE = 920_282_400


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Its only element is what time it is."""
    now = [START_OF_A_MINUTE + 15.0]
    monkeypatch.setattr(rate_limit, "time", lambda: now[0])
    return iter([now])


@pytest.fixture
def own_key() -> api_keys.ApiKey:
    return api_keys.issue("limited", Role.READ)[0]


async def test_a_key_is_refused_once_its_limit_is_used_up_and_told_when_to_return(
    empty_settings: ApiSettings,
) -> None:
    settings = without(empty_settings, "redis").model_copy(update={"api_rate_limit": "3/day"})
    async with serving(settings) as client:
        replies = [await client.get("/metrics") for _ in range(4)]
        other = await client.get("/metrics", headers={KEY_HEADER: KEYS[Role.READ]})
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert other.status_code == 200
    for reply, remaining in zip(replies, (2, 1, 0, 0), strict=True):
        assert reply.headers["RateLimit-Policy"] == '"key";q=3;w=86400'
        assert reply.headers["RateLimit"].startswith(f'"key";r={remaining};t=')
    refused = replies[-1]
    assert refused.json()["type"] == "urn:problem-type:mpp:too-many-requests"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert refused.headers["RateLimit"].endswith(f"t={refused.headers['Retry-After']}")
    assert 'refused_requests_total{reason="rate"} 1.0' in other.text


async def test_open_pages_are_not_limited(empty_settings: ApiSettings) -> None:
    settings = without(empty_settings, "redis").model_copy(update={"api_rate_limit": "1/day"})
    async with serving(settings) as client:
        replies = [await client.get("/openapi.json") for _ in range(3)]
    assert {reply.status_code for reply in replies} == {200}


async def test_a_new_window_begins_anew(
    empty_settings: ApiSettings, clock: Iterator[list[float]], own_key: api_keys.ApiKey
) -> None:
    now = next(clock)
    limiter = RateLimiter(parse("2/minute"), RequestCounts(empty_settings))
    taken = [limiter.take(own_key.key_id) for _ in range(3)]
    assert [each.is_refused for each in taken] == [False, False, True]
    assert {each.reset_seconds for each in taken} == {45}
    now[0] = START_OF_A_MINUTE + 60
    assert not limiter.take(own_key.key_id).is_refused


@pytest.mark.parametrize("second", [0.0, 15.2, 15.7, 59.9])
async def test_who_returns_when_told_is_not_refused_again(
    empty_settings: ApiSettings,
    clock: Iterator[list[float]],
    own_key: api_keys.ApiKey,
    second: float,
) -> None:
    now = next(clock)
    now[0] = START_OF_A_MINUTE + second
    limiter = RateLimiter(parse("1/minute"), RequestCounts(empty_settings))
    limiter.take(own_key.key_id)
    refused = limiter.take(own_key.key_id)
    now[0] += refused.reset_seconds
    assert refused.is_refused
    assert not limiter.take(own_key.key_id).is_refused


async def test_processes_add_their_counts_up(
    empty_settings: ApiSettings, clock: Iterator[list[float]], own_key: api_keys.ApiKey
) -> None:
    next(clock)
    counts = RequestCounts(empty_settings)
    here, there = (RateLimiter(parse("10/minute"), counts) for _ in range(2))
    for _ in range(6):
        here.take(own_key.key_id)
    for _ in range(4):
        assert not there.take(own_key.key_id).is_refused
    await here.share()
    await there.share()
    assert there.take(own_key.key_id).is_refused
    assert here.take(own_key.key_id).remaining == 3
    await here.share()
    assert here.take(own_key.key_id).is_refused
    await counts.close()


async def test_two_services_share_a_limit_by_themselves(
    empty_settings: ApiSettings, own_key: api_keys.ApiKey
) -> None:
    counts = RequestCounts(empty_settings)
    here, there = (RateLimiter(parse("5/day"), counts) for _ in range(2))
    async with asyncio.timeout(10), here.sharing(), there.sharing():
        for _ in range(5):
            here.take(own_key.key_id)
        while not there.take(own_key.key_id).is_refused:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)


async def test_without_redis_no_request_waits_and_each_process_limits_by_itself(
    empty_settings: ApiSettings, own_key: api_keys.ApiKey
) -> None:
    limiter = RateLimiter(parse("3/day"), RequestCounts(without(empty_settings, "redis")))
    taken = [limiter.take(own_key.key_id).is_refused for _ in range(4)]
    with pytest.raises(StoreUnavailable):
        await limiter.share()
    assert taken == [False, False, False, True]
    assert limiter.take(own_key.key_id).is_refused


async def test_what_was_counted_while_redis_was_away_is_shared_when_it_is_back(
    empty_settings: ApiSettings, own_key: api_keys.ApiKey
) -> None:
    counts = RequestCounts(empty_settings)
    there = RateLimiter(parse("3/day"), counts)
    here = RateLimiter(parse("3/day"), RequestCounts(without(empty_settings, "redis")))
    for _ in range(3):
        here.take(own_key.key_id)
    with pytest.raises(StoreUnavailable):
        await here.share()
    here._counts = counts
    await here.share()
    there.take(own_key.key_id)
    await there.share()
    assert there.take(own_key.key_id).is_refused
    await counts.close()


@pytest.mark.parametrize(
    "rate", ["", "many", "10", "10/fortnight", "0/minute", "20/second;600/minute"]
)
def test_a_rate_that_is_none_stops_the_start(empty_settings: ApiSettings, rate: str) -> None:
    with pytest.raises(ValueError, match=r"MPP_API_RATE_LIMIT is one rate .* 600/minute"):
        ApiSettings.model_validate(empty_settings.model_dump() | {"api_rate_limit": rate})

from collections.abc import AsyncIterator

import httpx
import pytest

from mpp_api.messages.endpoints import MAX_QUERY_CHARACTERS
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.sizes import MAX_BODY_BYTES, MAX_QUERY_BYTES
from mpp_api.settings import ApiSettings
from mpp_stores.bounds import MAX_ID_CHARACTERS
from tests.api.conftest import serving

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def service(empty_settings: ApiSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(empty_settings) as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Sent without announcing how much it is."""
    for _ in range(size // 1_000):
        yield b" " * 1_000
    yield b" " * (size % 1_000)


async def test_an_announced_body_that_is_too_big_is_refused(service: httpx.AsyncClient) -> None:
    too_big = b" " * (MAX_BODY_BYTES + 1)
    assert_too_large(await service.post("/erasures", content=too_big, headers=JSON))


async def test_a_body_in_chunks_is_refused_once_it_is_too_big(service: httpx.AsyncClient) -> None:
    assert_too_large(
        await service.post("/erasures", content=chunks(MAX_BODY_BYTES + 1), headers=JSON)
    )


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_of_the_greatest_size_is_read(
    service: httpx.AsyncClient, is_announced: bool
) -> None:
    size = MAX_BODY_BYTES
    content = b" " * size if is_announced else chunks(size)
    reply = await service.post("/erasures", content=content, headers=JSON)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["location"] == "body"


@pytest.mark.parametrize("length", ["-1", "nonsense", "1e9", ""])
async def test_a_length_that_is_no_number_does_not_let_a_big_body_in(
    service: httpx.AsyncClient, length: str
) -> None:
    headers = {**JSON, "Content-Length": length}
    too_big = b" " * (MAX_BODY_BYTES + 1)
    assert_too_large(await service.post("/erasures", content=too_big, headers=headers))


async def test_a_query_that_is_too_long_is_refused(service: httpx.AsyncClient) -> None:
    name = "x="
    longest = await service.get(f"/health?{name}{'a' * (MAX_QUERY_BYTES - len(name))}")
    longer = await service.get(f"/health?{name}{'a' * (MAX_QUERY_BYTES - len(name) + 1)}")
    assert longest.status_code == 200
    assert longer.status_code == 414
    assert longer.headers["Content-Type"] == "application/problem+json"
    assert "POST /recommendations takes longer lists" in longer.json()["detail"]


async def test_the_longest_search_fits_in_whatever_its_script(
    service: httpx.AsyncClient,
) -> None:
    asked = {
        "q": "🏔" * MAX_QUERY_CHARACTERS,
        "campaign_id": "🏔" * MAX_ID_CHARACTERS,
        "user_id": "🏔" * MAX_ID_CHARACTERS,
        "since": "2026-03-12T00:00:00.000001+00:00",
        "until": "2026-03-13T00:00:00.000001+00:00",
        "limit": "100",
    }
    reply = await service.get("/messages/search", params=asked)
    assert reply.json()["type"] == "urn:problem-type:mpp:no-release"


async def test_what_is_too_big_is_refused_before_the_key_is_looked_at(
    service: httpx.AsyncClient,
) -> None:
    too_big = b" " * (MAX_BODY_BYTES + 1)
    refused = [
        await service.get(f"/metrics?{'a' * (MAX_QUERY_BYTES + 1)}"),
        await service.post("/erasures", content=too_big, headers=JSON),
    ]
    read = await service.post("/erasures", content=chunks(len(too_big)), headers=JSON)
    del service.headers[KEY_HEADER]
    refused.append(await service.get(f"/metrics?{'a' * (MAX_QUERY_BYTES + 1)}"))
    assert [reply.status_code for reply in refused] == [414, 413, 414]
    assert all("RateLimit" not in reply.headers for reply in refused)
    assert (read.status_code, "RateLimit" in read.headers) == (413, True)


async def test_refusals_are_counted(service: httpx.AsyncClient) -> None:
    await service.post("/erasures", content=b" " * (MAX_BODY_BYTES + 1))
    await service.post("/erasures", content=chunks(MAX_BODY_BYTES + 1))
    metrics = await service.get("/metrics")
    assert 'mpp_api_refused_requests_total{reason="size"} 2.0' in metrics.text


def assert_too_large(reply: httpx.Response) -> None:
    assert reply.status_code == 413
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert str(MAX_BODY_BYTES) in reply.json()["detail"]

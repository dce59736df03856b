"""Every failure leaves as problem+json that names the input."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "location", "name"),
    [
        ("/recommendations/ada?limit=0", "query", "limit"),
        ("/recommendations/ada?limit=51", "query", "limit"),
        ("/recommendations/ada?limit=many", "query", "limit"),
        ("/recommendations/ada?exclude_seen=perhaps", "query", "exclude_seen"),
        (f"/recommendations/{'a' * 129}", "path", "user_id"),
        ("/recommendations/a%00b", "path", "user_id"),
        ("/recommendations/%20%C2%A0", "path", "user_id"),
        (f"/users/{'a' * 129}/engagement", "path", "user_id"),
        (f"/campaigns/{'a' * 129}/performance", "path", "campaign_id"),
        (f"/erasures/{'a' * 129}", "path", "erasure_id"),
        ("/users?prefix=a%00b", "query", "prefix"),
        ("/users/ada/timeline?before=1999-03-12", "query", "before"),
        ("/users/ada/timeline?before=0001-01-01T00:00:00%2B14:00", "query", "before"),
        ("/users/ada/similar?limit=101", "query", "limit"),
        ("/campaigns?status=over", "query", "status"),
        ("/campaigns/spring/audience?level=none", "query", "level"),
        ("/messages/search", "query", "q"),
        ("/messages/search?q=", "query", "q"),
        ("/messages/search?q=tents&since=12", "query", "since"),
        ("/messages/search?q=tents&user_id=a%00b", "query", "user_id"),
        (f"/messages/{'a' * 129}/provenance", "path", "message_id"),
        (f"/releases/{'a' * 129}", "path", "release_id"),
    ],
)
async def test_an_invalid_parameter_is_named(
    client: httpx.AsyncClient, path: str, location: str, name: str
) -> None:
    assert_invalid(await client.get(path), location, name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"user_id": ""}, "user_id"),
        ({"user_id": "ada", "limit": 51}, "limit"),
        ({"user_id": "ada", "limt": 5}, "limt"),
    ],
)
async def test_an_invalid_field_is_named(
    client: httpx.AsyncClient, body: dict[str, Any], name: str
) -> None:
    assert_invalid(await client.post("/recommendations", json=body), "body", name)


@pytest.mark.parametrize(
    ("body", "name"),
    [({}, "user_id"), ({"user_id": "a\0b"}, "user_id"), ({"user_id": " \t"}, "user_id")],
)
async def test_an_erasure_of_an_impossible_id_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], name: str
) -> None:
    assert_invalid(await client.post("/erasures", json=body), "body", name)


async def test_half_a_surrogate_pair_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/recommendations",
        content=rb'{"user_id": "a\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert_invalid(response, "body", "user_id")


async def test_a_body_that_is_not_json_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/recommendations", content="{", headers={"Content-Type": "application/json"}
    )
    assert_invalid(response, "body", "body")
    assert "no JSON at character 1: " in response.json()["detail"]


@pytest.mark.parametrize("sent", [{"content": b'{"limit": 1}'}, {"data": {"limit": "1"}}])
async def test_a_body_that_is_not_said_to_be_json_is_a_415_problem(
    client: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    response = await client.post("/recommendations", **sent)
    assert response.status_code == 415
    assert response.json()["type"] == "urn:problem-type:mpp:unsupported-media-type"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/releases/", 404), ("DELETE", "/recommendations/a", 405)],
)
async def test_unknown_routes_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status


def assert_invalid(response: httpx.Response, location: str, name: str) -> None:
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:problem-type:mpp:invalid-input"
    assert [(error["location"], error["name"]) for error in problem["errors"]] == [(location, name)]
    assert name in problem["detail"]

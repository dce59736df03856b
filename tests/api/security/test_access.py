import asyncio
import os
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mpp_api.main import create_app
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.authentication import OPEN_PATHS
from mpp_api.security.key_ring import KeyRing
from mpp_api.settings import ApiSettings
from mpp_stores import api_keys
from mpp_stores.api_keys import Role
from tests.api.conftest import serving
from tests.api.keys import KEYS, RECORDS

UNKNOWN_ID = f"mpp_{'0' * 16}_{KEYS[Role.READ].split('_', 2)[2]}"
WRONG_SECRET = f"{KEYS[Role.READ][:-1]}{'A' if KEYS[Role.READ][-1] != 'A' else 'B'}"


@pytest.fixture
def own_keys(tmp_path: Path) -> Path:
    path = tmp_path / api_keys.FILE_NAME
    api_keys.add(path, *RECORDS)
    return path


@pytest.fixture
async def anybody(empty_settings: ApiSettings, own_keys: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with serving(empty_settings.model_copy(update={"api_keys_file": own_keys})) as client:
        del client.headers[KEY_HEADER]
        yield client


async def test_without_a_valid_key_every_refusal_is_the_same(anybody: httpx.AsyncClient) -> None:
    sent: list[dict[str, str]] = [
        {},
        {KEY_HEADER: ""},
        {KEY_HEADER: "nonsense"},
        {KEY_HEADER: "mpp_é_" + "\u00e9" * 43},
        {KEY_HEADER: UNKNOWN_ID},
        {KEY_HEADER: WRONG_SECRET},
        {KEY_HEADER: f"{KEYS[Role.READ]} "[:-2]},
        {"Authorization": f"Bearer {WRONG_SECRET}"},
        {"Authorization": f"Basic {KEYS[Role.READ]}"},
    ]
    replies = [
        await anybody.get("/metrics", headers=[(n.encode(), v.encode()) for n, v in each.items()])
        for each in sent
    ]
    assert {reply.status_code for reply in replies} == {401}
    assert {reply.headers["WWW-Authenticate"] for reply in replies} == {'Bearer realm="mpp"'}
    problems = [reply.json() for reply in replies]
    for problem, reply in zip(problems, replies, strict=True):
        assert problem.pop("request_id") == reply.headers["X-Request-Id"]
        assert reply.headers["Content-Type"] == "application/problem+json"
    assert all(problem == problems[0] for problem in problems)
    assert problems[0]["type"] == "urn:problem-type:mpp:no-valid-key"


@pytest.mark.parametrize(
    "headers",
    [
        {KEY_HEADER: KEYS[Role.READ]},
        {"Authorization": f"Bearer {KEYS[Role.READ]}"},
        {"Authorization": f"bearer   {KEYS[Role.READ]}"},
    ],
)
async def test_a_key_is_taken_from_either_header(
    anybody: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await anybody.get("/metrics", headers=headers)).status_code == 200


async def test_a_wrong_key_is_not_made_up_for_by_a_bearer_token(
    anybody: httpx.AsyncClient,
) -> None:
    headers = {KEY_HEADER: WRONG_SECRET, "Authorization": f"Bearer {KEYS[Role.READ]}"}
    assert (await anybody.get("/metrics", headers=headers)).status_code == 401


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
async def test_open_pages_need_no_key(anybody: httpx.AsyncClient, path: str) -> None:
    assert (await anybody.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/redoc", "/docs/", "/healthy", "/explorerx"])
async def test_who_has_no_key_does_not_learn_what_there_is(
    anybody: httpx.AsyncClient, path: str
) -> None:
    assert (await anybody.get(path)).status_code == 401


async def test_a_body_is_not_looked_at_before_the_key(anybody: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await anybody.post("/recommendations", content=b"{", headers=headers)
    assert reply.status_code == 401


@pytest.fixture(scope="module")
def operations(empty_settings: ApiSettings) -> dict[tuple[str, str], dict[str, Any]]:
    paths = create_app(empty_settings).openapi()["paths"]
    return {
        (method, path): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def test_every_operation_that_is_not_open_documents_its_key_and_its_refusals(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    for (method, path), operation in operations.items():
        if path in OPEN_PATHS:
            assert "security" not in operation
            continue
        assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}], (method, path)
        assert {"401", "403", "413", "429"} <= set(operation["responses"])


def role_needed(method: str, path: str) -> Role:
    if path.startswith("/erasures") or (method, path) == ("delete", "/users/{user_id}"):
        return Role.ADMIN
    if path.startswith(("/events", "/feedback")):
        return Role.WRITE
    return Role.READ


@pytest.mark.parametrize("role", [Role.READ, Role.WRITE])
async def test_a_role_that_is_too_small_is_told_so_by_every_operation(
    empty_settings: ApiSettings,
    operations: dict[tuple[str, str], dict[str, Any]],
    role: Role,
) -> None:
    asked = [each for each in operations if each[1] not in OPEN_PATHS]
    async with serving(empty_settings, role=role) as client:
        replies = await asyncio.gather(
            *(client.request(method, path, json={}) for method, path in asked)
        )
    for (method, path), reply in zip(asked, replies, strict=True):
        is_refused = not role.includes(role_needed(method, path))
        assert (reply.status_code == 403) is is_refused, (method, path, reply.status_code)
        if is_refused:
            assert reply.json()["type"] == "urn:problem-type:mpp:role-too-small"


async def test_a_revoked_key_ends_with_the_next_request(
    anybody: httpx.AsyncClient, own_keys: Path
) -> None:
    record, key = api_keys.issue("leaves", Role.READ)
    headers = {KEY_HEADER: key.get_secret_value()}
    statuses = [(await anybody.get("/metrics", headers=headers)).status_code]
    api_keys.add(own_keys, record)
    statuses.append((await anybody.get("/metrics", headers=headers)).status_code)
    api_keys.revoke(own_keys, record.key_id)
    statuses.append((await anybody.get("/metrics", headers=headers)).status_code)
    assert statuses == [401, 200, 401]


def remove(path: Path) -> None:
    path.unlink()


def break_syntax(path: Path) -> None:
    path.write_text("{")


def break_a_record(path: Path) -> None:
    path.write_text('[{"role": "admin"}]')


@pytest.mark.parametrize("spoil", [remove, break_syntax, break_a_record])
async def test_a_file_that_cannot_be_read_opens_nothing(
    anybody: httpx.AsyncClient, own_keys: Path, spoil: Callable[[Path], None]
) -> None:
    headers = {KEY_HEADER: KEYS[Role.ADMIN]}
    assert (await anybody.get("/metrics", headers=headers)).status_code == 200
    spoil(own_keys)
    assert (await anybody.get("/metrics", headers=headers)).status_code == 401
    assert (await anybody.get("/health")).status_code == 200


async def test_a_change_that_leaves_size_and_mtime_is_noticed(
    anybody: httpx.AsyncClient, own_keys: Path
) -> None:
    """As a repaired owner or mode does, which root cannot tell from a spoilt one."""
    headers = {KEY_HEADER: KEYS[Role.ADMIN]}
    statuses = [(await anybody.get("/metrics", headers=headers)).status_code]
    for beginning in ("{", "["):
        begin_as_of_before(own_keys, beginning)
        statuses.append((await anybody.get("/metrics", headers=headers)).status_code)
    assert statuses == [200, 401, 200]


def begin_as_of_before(path: Path, character: str) -> None:
    """In place, and not within the same tick of the clock by which files change."""
    before = path.stat()
    path.write_text(character + path.read_text()[1:])
    is_told = False
    while not is_told:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        is_told = path.stat().st_ctime_ns != before.st_ctime_ns


def test_a_file_that_could_not_be_opened_is_tried_again_with_the_next_request(
    own_keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = KeyRing(own_keys)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        assert [ring.caller(KEYS[Role.READ]) for _ in range(2)] == [None, None]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert ring.caller(KEYS[Role.READ]) is not None
    [logged] = caplog.messages
    assert "Too many open files" in logged


async def test_refusals_are_counted_by_their_reason(
    anybody: httpx.AsyncClient,
) -> None:
    await anybody.get("/metrics")
    await anybody.get("/erasures/x", headers={KEY_HEADER: KEYS[Role.WRITE]})
    text = (await anybody.get("/metrics", headers={KEY_HEADER: KEYS[Role.READ]})).text
    assert 'mpp_api_refused_requests_total{reason="key"} 1.0' in text
    assert 'mpp_api_refused_requests_total{reason="role"} 1.0' in text

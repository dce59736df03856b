import base64
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mpp_api.settings import ApiSettings
from tests.api.conftest import serving

SHOP = "https://shop.example"
PREFLIGHT = {
    "Origin": SHOP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-api-key, content-type",
}


@pytest.fixture
async def service(empty_settings: ApiSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(empty_settings) as client:
        yield client


def policy(reply: httpx.Response) -> dict[str, list[str]]:
    directives = reply.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (each.split() for each in directives)}


@pytest.mark.parametrize(
    "path", ["/health", "/explorer", "/explorer/static/main.js", "/docs", "/nowhere", "/erasures/x"]
)
async def test_every_reply_has_the_security_headers(service: httpx.AsyncClient, path: str) -> None:
    for reply in (await service.get(path), await service.get(path, headers={"X-API-Key": "no"})):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert policy(reply)["default-src"] == ["'none'"]
        assert policy(reply)["frame-ancestors"] == ["'none'"]
        assert "'unsafe-inline'" not in policy(reply)["script-src"]
        assert "'unsafe-eval'" not in reply.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in reply.headers
        assert "Server" not in reply.headers


async def test_no_reply_is_kept_by_a_proxy_or_a_browser(service: httpx.AsyncClient) -> None:
    for path in ("/health", "/metrics", "/nowhere"):
        assert (await service.get(path)).headers["Cache-Control"] == "no-store"


async def test_the_explorer_runs_scripts_of_this_service_only(service: httpx.AsyncClient) -> None:
    allowed = policy(await service.get("/explorer"))
    assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == ["'self'"]


async def test_the_only_inline_script_of_the_docs_is_named_by_its_hash(
    service: httpx.AsyncClient,
) -> None:
    reply = await service.get("/docs")
    [script] = re.findall(r"<script>(.*?)</script>", reply.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy(reply)["connect-src"] == ["'self'"]
    assert policy(reply)["script-src"] == ["'self'", f"'sha256-{digest}'"]


async def test_the_files_of_the_docs_are_of_this_service(service: httpx.AsyncClient) -> None:
    page = (await service.get("/docs")).text
    files = re.findall(r'(?:<script src|<link .*?href)="(.*?)"', page)
    assert len(files) == 3
    for file in files:
        reply = await service.get(file)
        assert reply.status_code == 200
        assert reply.headers["Cache-Control"] == "no-cache"


async def test_only_behind_tls_browsers_are_told_to_keep_to_it(
    empty_settings: ApiSettings,
) -> None:
    settings = empty_settings.model_copy(update={"api_behind_tls": True})
    async with serving(settings) as client:
        reply = await client.get("/health")
    assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_no_page_of_another_origin_may_read_replies(service: httpx.AsyncClient) -> None:
    preflight = await service.options("/recommendations", headers=PREFLIGHT)
    reply = await service.get("/health", headers={"Origin": SHOP})
    assert not preflight.is_success
    for each in (preflight, reply):
        assert not [name for name in each.headers if name.startswith("access-control")]


async def test_pages_of_named_origins_may(empty_settings: ApiSettings) -> None:
    origins = f"{SHOP}, http://localhost:5173"
    async with serving(empty_settings.model_copy(update={"api_cors_origins": origins})) as client:
        preflight = await client.options("/recommendations", headers=PREFLIGHT)
        reply = await client.get("/nowhere", headers={"Origin": SHOP})
        refused = await client.get("/metrics", headers={"Origin": SHOP, "X-API-Key": "no"})
        other = await client.get("/health", headers={"Origin": "https://evil.example"})
    assert preflight.status_code == 200
    assert "x-api-key" in preflight.headers["Access-Control-Allow-Headers"].lower()
    for each in (preflight, reply, refused):
        assert each.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Access-Control-Allow-Credentials" not in each.headers
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize("origins", ["*", "shop.example", f"{SHOP}/", f"{SHOP},https://*.example"])
def test_what_is_no_origin_stops_the_start(empty_settings: ApiSettings, origins: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        ApiSettings.model_validate(empty_settings.model_dump() | {"api_cors_origins": origins})


@pytest.mark.parametrize("given", ["4bf92f3577b34da6a3ce929d0e0e4736", "0f8fad5b-d9cb-469f"])
async def test_the_callers_request_id_is_kept(service: httpx.AsyncClient, given: str) -> None:
    reply = await service.get("/nowhere", headers={"X-Request-Id": given})
    assert reply.headers["X-Request-Id"] == reply.json()["request_id"] == given


@pytest.mark.parametrize(
    "given", ["", "ada@example.com", "a" * 65, "0123456789abcde", "4bf92f3577b34da6\u00e9"]
)
async def test_a_request_id_that_could_name_somebody_is_replaced(
    service: httpx.AsyncClient, given: str
) -> None:
    sent: Any = {b"X-Request-Id": given.encode()}
    replies = [await service.get("/nowhere", headers=sent) for _ in range(2)]
    ids = {reply.headers["X-Request-Id"] for reply in replies}
    assert len(ids) == 2
    for found in ids:
        assert re.fullmatch(r"[0-9a-f]{32}", found)


async def test_the_reply_to_a_defect_has_an_id_and_the_headers_too(
    empty_settings: ApiSettings,
) -> None:
    from mpp_api.dependencies import get_metrics  # noqa: PLC0415

    async def fails() -> None:
        raise RuntimeError("a defect")

    async with serving(empty_settings, {get_metrics: fails}) as client:
        client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
        reply = await client.get("/metrics")
    assert reply.status_code == 500
    assert reply.json()["request_id"] == reply.headers["X-Request-Id"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "a defect" not in reply.text

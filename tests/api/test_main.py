"""The app as it is deployed: a process of its own, over HTTP."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from mpp_api.main import create_app
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.sizes import MAX_QUERY_BYTES
from mpp_api.settings import ApiSettings
from mpp_local.project import PROJECT_ROOT
from mpp_local.services.api import command
from mpp_stores.api_keys import Role
from mpp_stores.postgres.releases import current_release
from tests.api.addresses import free_port
from tests.api.dataset import Dataset
from tests.api.keys import KEYS
from tests.api.publishing import publish_what_is_complete

READY_WITHIN_SECONDS = 60
KEY = {KEY_HEADER: KEYS[Role.READ]}


@contextmanager
def served(settings: ApiSettings, log: Path) -> Iterator[str]:
    """The local stack's command with the settings in its environment; yields the base URL."""
    port = free_port()
    values = {
        f"MPP_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in settings.model_dump().items()
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(port),
            env=os.environ | values,
            cwd=PROJECT_ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        give_up = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            assert process.poll() is None, log.read_text()
            try:
                httpx.get(f"{url}/docs")
                break
            except httpx.TransportError:
                assert time.monotonic() < give_up, "uvicorn did not become ready"
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "log"


@pytest.fixture(scope="module")
def client(api_settings: ApiSettings, dataset: Dataset, log: Path) -> Iterator[httpx.Client]:
    """Of a process that serves a release of its own."""
    publish_what_is_complete(api_settings, dataset)
    with (
        served(api_settings, log) as url,
        httpx.Client(base_url=url, timeout=30, headers=KEY) as client,
    ):
        yield client


def test_recommendations_are_served_over_http(
    api_settings: ApiSettings, dataset: Dataset, client: httpx.Client
) -> None:
    assert client.get("/health").json()["status"] == "ok"
    response = client.get(f"/recommendations/{dataset.id('ada')}")
    assert response.status_code == 200
    assert response.json()["items"][0]["campaign_id"] == dataset.id("lamps")
    release = current_release(api_settings)
    assert release is not None
    assert response.json()["release"]["release_id"] == release.release_id
    repeated = client.get(f"/recommendations/{dataset.id('ada')}")
    assert repeated.headers["X-Cache"] == "hit"
    assert repeated.content == response.content


def test_the_log_of_a_healthy_service_names_no_user(
    dataset: Dataset, client: httpx.Client, log: Path
) -> None:
    for path in ("/recommendations/{}", "/users/{}/engagement", "/users/{}", "/{}", "/health"):
        for user in ("ada", "nobody"):
            client.get(path.format(dataset.id(user)))
    assert "Application startup complete" in log.read_text()
    assert dataset.prefix not in log.read_text()


def test_the_longest_query_is_read_where_uvicorn_runs_on_h11(
    api_settings: ApiSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the service's image, which has no httptools. In two pieces, as over a network: the
    reply to the request before it says that the first piece was read."""
    (tmp_path / "httptools.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = "GET /health HTTP/1.1\r\nHost: api\r\n\r\n"
    longest = f"GET /health?{'q' * MAX_QUERY_BYTES} HTTP/1.1\r\nHost: api\r\nX: {'x' * 2_000}"
    with (
        served(api_settings, tmp_path / "log") as url,
        socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as connection,
    ):
        statuses = []
        for piece in (before + longest, "\r\n\r\n"):
            connection.sendall(piece.encode())
            reply = HTTPResponse(connection)
            reply.begin()
            reply.read()
            statuses.append(reply.status)
    assert statuses == [200, 200]


def test_every_operation_is_described_and_its_failures_documented(
    api_settings: ApiSettings,
) -> None:
    paths = create_app(api_settings).openapi()["paths"]
    assert set(paths) == {
        "/recommendations/{user_id}",
        "/recommendations",
        "/recommendations/batch",
        "/users",
        "/users/{user_id}",
        "/users/{user_id}/profile",
        "/users/{user_id}/engagement",
        "/users/{user_id}/timeline",
        "/users/{user_id}/similar",
        "/users/{user_id}/dismissals",
        "/campaigns",
        "/campaigns/trending",
        "/campaigns/{campaign_id}",
        "/campaigns/{campaign_id}/performance",
        "/campaigns/{campaign_id}/audience",
        "/campaigns/{campaign_id}/similar",
        "/campaigns/{campaign_id}/feedback",
        "/messages/search",
        "/messages/latest",
        "/messages/{message_id}/provenance",
        "/report",
        "/report.html",
        "/releases",
        "/releases/current",
        "/releases/{release_id}",
        "/releases/{release_id}/materializations",
        "/events",
        "/feedback",
        "/feedback/dismissals",
        "/erasures",
        "/erasures/{erasure_id}",
        "/health",
        "/metrics",
        "/explorer",
    }
    for path, operations in paths.items():
        for operation in operations.values():
            assert operation["summary"]
            assert path in {"/metrics", "/explorer"} or "503" in operation["responses"]


def test_every_reference_of_the_openapi_document_resolves(api_settings: ApiSettings) -> None:
    document = create_app(api_settings).openapi()
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))
    assert "Problem" in references
    assert references <= set(document["components"]["schemas"])
    assert "$defs" not in json.dumps(document)


def test_a_missing_address_stops_the_start_with_its_name_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MPP_MILVUS_URI", raising=False)
    monkeypatch.setenv("MPP_REDIS_URL", "redis://:hush@nowhere")
    with pytest.raises(ValueError, match="milvus_uri") as caught:
        create_app()
    assert "hush" not in str(caught.value)

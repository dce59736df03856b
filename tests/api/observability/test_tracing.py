"""Spans as a collector receives them: over HTTP, in OpenTelemetry's own format."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mpp_api.dependencies import get_metrics
from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import NOWHERE, without
from tests.api.conftest import serving
from tests.api.dataset import Dataset

PERSON = "zq-personal-7391"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Collector:
    port: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for each in self.received
            for resource in ExportTraceServiceRequest.FromString(each).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    collector.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield collector
    server.shutdown()
    thread.join()
    server.server_close()


def traced(settings: ApiSettings, port: int) -> ApiSettings:
    endpoint = f"http://127.0.0.1:{port}/v1/traces"
    return settings.model_copy(update={"api_otlp_endpoint": endpoint})


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


async def test_a_request_is_a_span_around_those_of_its_legs(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset, collector: Collector
) -> None:
    async with serving(traced(api_settings, collector.port)) as client:
        reply = await client.get(
            f"/recommendations/{dataset.id('ada')}",
            headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
        )
    [request] = [span for span in collector.spans if not span.name.startswith("leg ")]
    legs = [span for span in collector.spans if span.name.startswith("leg ")]
    assert request.name == "GET /recommendations/{user_id}"
    assert request.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == PARENT
    assert attributes(request) == {
        "http.request.method": "GET",
        "http.route": "/recommendations/{user_id}",
        "http.response.status_code": 200,
        "mpp.request_id": reply.headers["X-Request-Id"],
    }
    assert {"leg vector", "leg graph", "leg table", "leg document"} <= {leg.name for leg in legs}
    for leg in legs:
        assert leg.parent_span_id == request.span_id
        assert request.start_time_unix_nano <= leg.start_time_unix_nano
        assert leg.end_time_unix_nano <= request.end_time_unix_nano
    assert not any(dataset.prefix.encode() in each for each in collector.received)


async def test_a_span_tells_what_kind_of_failure_it_was_and_of_nobody(
    api_settings: ApiSettings, new_release: Release, collector: Collector
) -> None:
    settings = without(api_settings, "neo4j", "postgres")
    async with serving(traced(settings, collector.port)) as client:
        await client.get(f"/recommendations/{PERSON}?tags={PERSON}")
        await client.get(f"/nowhere/{PERSON}")
    spans = {span.name: span for span in collector.spans}
    failed = spans["GET /recommendations/{user_id}"]
    assert attributes(failed)["http.response.status_code"] == 503
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert spans["GET unmatched"].status.code == failed.status.STATUS_CODE_UNSET
    assert not any(span.events for span in collector.spans)
    assert not any(PERSON.encode() in each for each in collector.received)


async def test_a_defect_is_an_error_of_its_kind(
    empty_settings: ApiSettings, collector: Collector
) -> None:
    async def fails() -> None:
        raise RuntimeError(PERSON)

    async with serving(traced(empty_settings, collector.port), {get_metrics: fails}) as client:
        with pytest.raises(RuntimeError):
            await client.get("/metrics")
    [span] = collector.spans
    assert attributes(span)["http.response.status_code"] == 500
    assert attributes(span)["error.type"] == "RuntimeError"
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert not any(PERSON.encode() in each for each in collector.received)


async def test_a_leg_that_fails_is_marked_with_its_kind_only(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset, collector: Collector
) -> None:
    async with serving(traced(without(api_settings, "neo4j"), collector.port)) as client:
        await client.get(f"/recommendations/{dataset.id('ada')}")
    failed = [span for span in collector.spans if span.name == "leg graph"]
    assert failed
    for span in failed:
        assert span.status.code == span.status.STATUS_CODE_ERROR
        assert span.status.message in {"StoreUnavailable", "NoAnswerInTime", "StoreLeftAlone"}


async def test_a_collector_that_is_down_fails_no_request(
    empty_settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with serving(traced(empty_settings, NOWHERE)) as client:
        assert (await client.get("/metrics")).status_code == 200

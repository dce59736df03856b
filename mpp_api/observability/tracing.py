"""OpenTelemetry spans of requests and of their legs; off unless a collector is named.

Written on OpenTelemetry's interface and not with its instrumentation of FastAPI, which
puts each request's path and query into its spans: those hold users' ids.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NoOpTracer, SpanKind, StatusCode, Tracer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SERVICE: Final = "mpp-api"
_SERVER_ERRORS: Final = 500
_tracer: ContextVar[Tracer] = ContextVar("tracer", default=NoOpTracer())  # noqa: B039 - stateless


def traces_to(endpoint: str) -> TracerProvider | None:
    """One an app, not OpenTelemetry's global one. None without the URL of a collector.

    Spans leave in batches from a thread: a collector that is down costs no request anything.
    """
    if not endpoint:
        return None
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


@asynccontextmanager
async def exporting(provider: TracerProvider | None) -> AsyncIterator[None]:
    """Send what is left when the block ends."""
    try:
        yield
    finally:
        if provider is not None:
            await asyncio.to_thread(provider.shutdown)


@contextmanager
def leg_span(leg: str) -> Iterator[None]:
    """A span of one store's share of the current request."""
    with _tracer.get().start_as_current_span(
        f"leg {leg}", kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            # Without its message, which can quote what was looked for.
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


class TraceRequests:
    """A span a request, continuing the caller's trace (W3C `traceparent`)."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._tracer = provider.get_tracer(SERVICE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        carrier = {"traceparent": Headers(scope=scope).get("traceparent", "")}
        with self._tracer.start_as_current_span(
            scope["method"],
            context=extract(carrier),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "mpp.request_id": scope["state"]["request_id"],
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            # Of a defect, unless its reply had begun: Starlette answers outside of this.
            status = 500

            async def noting_status(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= _SERVER_ERRORS:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            token = _tracer.set(self._tracer)
            try:
                await self._app(scope, receive, noting_status)
            except Exception as error:
                span.set_attribute("http.response.status_code", status)
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                _tracer.reset(token)
                route = getattr(scope.get("route"), "path", "unmatched")
                span.set_attribute("http.route", route)
                span.update_name(f"{scope['method']} {route}")

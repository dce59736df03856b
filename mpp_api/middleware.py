"""What every request passes before its endpoint, and every reply afterwards, in one order.

A request: its id, metrics, trace, CORS, its sizes, whose it is, how many there were. All of
it is plain ASGI: Starlette's BaseHTTPMiddleware would copy every body through a task.
"""

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from starlette.middleware.cors import CORSMiddleware

from mpp_api.metrics.middleware import RequestMetrics
from mpp_api.metrics.service import Metrics
from mpp_api.observability.request_context import REQUEST_ID_HEADER
from mpp_api.observability.tracing import TraceRequests
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.authentication import Authentication
from mpp_api.security.key_ring import KeyRing
from mpp_api.security.rate_limit import RateLimit, RateLimiter
from mpp_api.security.sizes import SizeLimits
from mpp_api.settings import ApiSettings


def add_middleware(
    app: FastAPI,
    settings: ApiSettings,
    metrics: Metrics,
    limiter: RateLimiter,
    tracer_provider: TracerProvider | None,
) -> None:
    """The id is `RequestContext`'s, which the app puts around all of these."""
    # The one added last meets a request first.
    app.add_middleware(RateLimit, limiter=limiter, metrics=metrics)
    app.add_middleware(Authentication, keys=KeyRing(settings.keys_file), metrics=metrics)
    app.add_middleware(SizeLimits, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=[KEY_HEADER, "Authorization", "Content-Type", REQUEST_ID_HEADER],
            expose_headers=["*"],
        )
    if tracer_provider is not None:
        app.add_middleware(TraceRequests, provider=tracer_provider)
    app.add_middleware(RequestMetrics, metrics=metrics)

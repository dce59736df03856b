"""Counts and times every request by its route template."""

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mpp_api.metrics.service import Metrics

_KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Plain ASGI: Starlette's BaseHTTPMiddleware would copy every body through a task."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
            # Only a matched route has a bounded name; the path itself may hold ids.
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.observe_request(method, route, status, perf_counter() - started)

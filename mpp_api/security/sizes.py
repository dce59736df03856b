"""Requests that are too big are refused before they fill memory."""

from http import HTTPStatus
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mpp_api.errors import problem
from mpp_api.metrics.service import Metrics

MAX_BODY_BYTES: Final = 1_000_000
MAX_QUERY_BYTES: Final = 16_000
"""The longest search of messages fits in, in any script: a character takes 12 bytes at most."""

_QUERY_DETAIL: Final = (
    f"a query may have {MAX_QUERY_BYTES} bytes; "
    "POST /recommendations takes longer lists in its body"
)
_BODY_DETAIL: Final = f"a body may have {MAX_BODY_BYTES} bytes; split it into several requests"


class SizeLimits:
    """The body's announced length, else what arrives of it, and the query's length."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif len(scope["query_string"]) > MAX_QUERY_BYTES:
            status = HTTPStatus.REQUEST_URI_TOO_LONG
            await self._refuse(status, _QUERY_DETAIL, scope, receive, send)
        elif _announced(Headers(scope=scope)) > MAX_BODY_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            await self._refuse(status, _BODY_DETAIL, scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        """Raises while the body is read; FastAPI answers with the exception's status."""
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                self._metrics.count_refused("size")
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _BODY_DETAIL)
            return message

        return counting

    async def _refuse(
        self, status: HTTPStatus, detail: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._metrics.count_refused("size")
        await problem(status, status.phrase, detail)(scope, receive, send)


def _announced(headers: Headers) -> int:
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else 0

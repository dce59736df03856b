"""What belongs to every request and every reply: its id, and the security headers."""

import re
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID_HEADER: Final = "X-Request-Id"
# UUIDs, trace ids and the like. Ids are logged, so nothing that could name a person.
_ACCEPTED: Final = re.compile(r"[0-9A-Fa-f-]{16,64}", re.ASCII)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered, for log records and problems; else empty."""


class RequestContext:
    """The outermost middleware: replies to defects pass it as well.

    The id is the caller's, where that is 16 to 64 hexadecimal digits and hyphens; else a
    new one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        own = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = own
        token = request_id.set(own)

        async def adding_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = own
            await send(message)

        try:
            await self._app(scope, receive, adding_headers)
        finally:
            request_id.reset(token)

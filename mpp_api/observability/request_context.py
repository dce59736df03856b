"""What belongs to every request and every reply: its id, and the security headers."""

import re
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID_HEADER: Final = "X-Request-Id"
# UUIDs, trace ids and the like. Ids are logged, so nothing that could name a person.
_ACCEPTED: Final = re.compile(r"[0-9A-Fa-f-]{16,64}", re.ASCII)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered, for log records and problems; else empty."""


class RequestContext:
    """The outermost middleware: replies to defects pass it as well.

    The id is the caller's, where that is 16 to 64 hexadecimal digits and hyphens; else a
    new one. `scope["state"]["headers"]` takes further headers of the reply.
    """

    def __init__(
        self,
        app: ASGIApp,
        always_sent: Sequence[tuple[bytes, bytes]],
        sent_if_absent: Sequence[tuple[bytes, bytes]],
    ) -> None:
        self._app = app
        self._always_sent = list(always_sent)
        self._sent_if_absent = list(sent_if_absent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        own = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        extra = [(REQUEST_ID_HEADER.encode(), own.encode()), *self._always_sent]
        scope.setdefault("state", {}).update(request_id=own, headers=extra)
        token = request_id.set(own)

        async def adding_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *extra]
                present = {name.lower() for name, _ in headers}
                headers += [each for each in self._sent_if_absent if each[0] not in present]
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, adding_headers)
        finally:
            request_id.reset(token)

"""Nobody without a valid key gets further than this, but for a few open pages."""

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mpp_api.errors import problem
from mpp_api.metrics.service import Metrics
from mpp_api.security.access import KEY_HEADER
from mpp_api.security.key_ring import KeyRing

OPEN_PATHS: Final = frozenset({"/health", "/openapi.json", "/docs", "/explorer"})
OPEN_FOLDERS: Final = ("/docs/static/", "/explorer/")
CHALLENGE: Final = 'Bearer realm="mpp"'
_BEARER: Final = "bearer "


class Authentication:
    """Before routing and reading the body: who has no key learns nothing of what there is.

    The caller is in `scope["state"]["caller"]` afterwards. A missing key, an unknown id
    and a wrong secret get the same answer.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, metrics: Metrics) -> None:
        self._app = app
        self._keys = keys
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        caller = self._keys.caller(_key(Headers(scope=scope)))
        if caller is None:
            self._metrics.count_refused("key")
            await _refusal(scope, receive, send)
            return
        scope["state"]["caller"] = caller
        await self._app(scope, receive, send)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _key(headers: Headers) -> str:
    key = headers.get(KEY_HEADER)
    if key is not None:
        return key
    authorization = headers.get("Authorization", "")
    is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
    return authorization[len(_BEARER) :].strip() if is_bearer else ""


async def _refusal(scope: Scope, receive: Receive, send: Send) -> None:
    response = problem(
        HTTPStatus.UNAUTHORIZED,
        "No valid API key",
        f"send a valid key in {KEY_HEADER}, or as a bearer token; `mpp up` prints one",
        slug="no-valid-key",
        headers={"WWW-Authenticate": CHALLENGE},
    )
    await response(scope, receive, send)

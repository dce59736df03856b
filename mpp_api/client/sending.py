"""How both clients send calls: the connection, its key, retries, pages."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import SecretStr

from mpp_api.client.call import Answer, Call, Pages
from mpp_api.client.errors import ApiFailure, NoAnswer
from mpp_api.client.retries import Retries

T = TypeVar("T")
Item = TypeVar("Item")

TIMEOUT_SECONDS: Final = 30.0
_KEY: Final = re.compile(r"[!-~]+")


class Sender:
    """`transport` takes the place of the network, as `httpx.HTTPTransport(uds="api.sock")`
    does."""

    def __init__(
        self,
        url: str,
        key: SecretStr | str,
        *,
        retries: Retries = Retries(),  # noqa: B008 immutable
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._retries = retries
        self._http = httpx.Client(**_options(url, key, timeout_seconds), transport=transport)

    def send(self, call: Call[T]) -> Answer[T]:
        """Make a call, again while that is promising. Raises `ApiFailure`."""
        tried, waited = 0, 0.0
        while True:
            try:
                return call.answer(self._response(call))
            except ApiFailure as failure:
                tried += 1
                pause = self._retries.pause(failure, tried=tried, waited=waited)
                if pause is None:
                    raise
            waited += pause
            time.sleep(pause)

    def iterate(self, pages: Pages[T, Item]) -> Iterator[Item]:
        """The items of every page, a page being asked for when it is needed. Raises `ApiFailure`;
        `Conflict` for a list that changed since its first page."""
        cursor: str | None = ""
        while cursor is not None:
            reply = self.send(pages.call(cursor)).body
            yield from pages.items(reply)
            cursor = pages.next_cursor(reply)

    def _response(self, call: Call[Any]) -> httpx.Response:
        try:
            return self._http.send(call.request(self._http))
        except httpx.RequestError as error:
            raise NoAnswer(_not_answered(call, error)) from error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncSender:
    """The same for asyncio."""

    def __init__(
        self,
        url: str,
        key: SecretStr | str,
        *,
        retries: Retries = Retries(),  # noqa: B008 immutable
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = retries
        self._http = httpx.AsyncClient(**_options(url, key, timeout_seconds), transport=transport)

    async def send(self, call: Call[T]) -> Answer[T]:
        """Make a call, again while that is promising. Raises `ApiFailure`."""
        tried, waited = 0, 0.0
        while True:
            try:
                return call.answer(await self._response(call))
            except ApiFailure as failure:
                tried += 1
                pause = self._retries.pause(failure, tried=tried, waited=waited)
                if pause is None:
                    raise
            waited += pause
            await asyncio.sleep(pause)

    async def iterate(self, pages: Pages[T, Item]) -> AsyncIterator[Item]:
        """The items of every page, a page being asked for when it is needed. Raises `ApiFailure`;
        `Conflict` for a list that changed since its first page."""
        cursor: str | None = ""
        while cursor is not None:
            reply = (await self.send(pages.call(cursor))).body
            for item in pages.items(reply):
                yield item
            cursor = pages.next_cursor(reply)

    async def _response(self, call: Call[Any]) -> httpx.Response:
        try:
            return await self._http.send(call.request(self._http))
        except httpx.RequestError as error:
            raise NoAnswer(_not_answered(call, error)) from error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _options(url: str, key: SecretStr | str, timeout_seconds: float) -> dict[str, Any]:
    # Stripped of what a file ends in. What no header carries is refused here: httpx would quote it.
    secret = (key.get_secret_value() if isinstance(key, SecretStr) else key).strip()
    if not _KEY.fullmatch(secret):
        raise ValueError("not an API key: one is printable ASCII without spaces")
    return {
        "base_url": url,
        # httpx hides this header, and no other, where it shows a request.
        "headers": {"Authorization": f"Bearer {secret}"},
        "timeout": timeout_seconds,
        # A key must not follow a redirect to wherever it leads.
        "follow_redirects": False,
    }


def _not_answered(call: Call[Any], error: httpx.RequestError) -> str:
    reason = str(error) or type(error).__name__
    return f"{call.method} {call.path}: no answer ({reason}); is the service up at this address?"

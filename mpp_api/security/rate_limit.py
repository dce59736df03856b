"""At most so many requests of one key in one window of time, over all processes.

Each process decides by what it knows and asks nobody: its own count, and the sum over all
of them as of a moment ago. The counts are added up in Redis behind the requests, at the
latest `SHARE_SECONDS` after one, and at once when a twentieth of the limit is used up
between. So a request costs no round trip, Redis being down limits each process by itself
without a wait, and n processes together let through at most n times that twentieth too
many. Rejected: asking Redis on each request, a quarter of a millisecond for every reply.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItem
from starlette.types import ASGIApp, Receive, Scope, Send

from mpp_api.errors import problem
from mpp_api.metrics.service import Metrics
from mpp_api.security.key_ring import Caller
from mpp_stores.errors import StoreUnavailable
from mpp_stores.redis.request_counts import RequestCounts

logger = logging.getLogger(__name__)

SHARE_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 2.0
_SHARES_A_LIMIT: Final = 20


@dataclass(slots=True)
class _Window:
    """`counted` is the sum over all processes when it was last shared, `unshared` our own
    requests since."""

    start: int
    counted: int = 0
    unshared: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key may still do after this request."""

    is_refused: bool
    remaining: int
    reset_seconds: int


class RateLimiter:
    def __init__(self, limit: RateLimitItem, counts: RequestCounts) -> None:
        self.limit = limit.amount
        self.window_seconds = limit.get_expiry()
        self._counts = counts
        self._windows: dict[str, _Window] = {}
        self._is_urgent = asyncio.Event()
        self._is_failing = False
        self._is_closing = False

    def take(self, key_id: str) -> Allowance:
        """Count a request of the key, unless it is one too many."""
        now = time()
        start = int(now) - int(now) % self.window_seconds
        reset_seconds = ceil(start + self.window_seconds - now)
        window = self._windows.get(key_id)
        if window is None or window.start != start:
            window = self._windows[key_id] = _Window(start)
        used = window.counted + window.unshared
        if used >= self.limit:
            return Allowance(True, 0, reset_seconds)
        window.unshared += 1
        if window.unshared * _SHARES_A_LIMIT >= self.limit and not self._is_failing:
            self._is_urgent.set()
        return Allowance(False, self.limit - used - 1, reset_seconds)

    async def share(self) -> None:
        """Add our counts to those of the other processes, and learn theirs."""
        for key_id, window in list(self._windows.items()):
            amount = window.unshared
            if amount == 0:
                continue
            window.counted = await self._counts.add(
                key_id, window.start, self.window_seconds, amount
            )
            window.unshared -= amount

    @contextlib.asynccontextmanager
    async def sharing(self) -> AsyncIterator[None]:
        """Share the counts for as long as the block, and once more when it ends."""
        self._is_closing = False
        task = asyncio.create_task(self._share_until_closing())
        try:
            yield
        finally:
            # Not cancelled: the driver can lose a cancellation that meets it within a call.
            self._is_closing = True
            self._is_urgent.set()
            await task
            await self._counts.close()

    async def _share_until_closing(self) -> None:
        while not self._is_closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self._is_failing else SHARE_SECONDS):
                    await self._is_urgent.wait()
            self._is_urgent.clear()
            try:
                await self.share()
            except StoreUnavailable as error:
                if not self._is_failing:
                    logger.warning("each process limits the rate by itself: %s", error)
                self._is_failing = True
            else:
                self._is_failing = False


class RateLimit:
    """For requests with a caller; open pages have none."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter, metrics: Metrics) -> None:
        self._app = app
        self._limiter = limiter
        self._metrics = metrics
        self._policy = (
            b"RateLimit-Policy",
            f'"key";q={limiter.limit};w={limiter.window_seconds}'.encode(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is None:
            await self._app(scope, receive, send)
            return
        allowance = self._limiter.take(caller.key_id)
        state = f'"key";r={allowance.remaining};t={allowance.reset_seconds}'
        # draft-ietf-httpapi-ratelimit-headers-10
        scope["state"]["headers"] += (self._policy, (b"RateLimit", state.encode()))
        if allowance.is_refused:
            self._metrics.count_refused("rate")
            await self._refusal(allowance, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refusal(
        self, allowance: Allowance, scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many requests",
            f"this key may send {self._limiter.limit} requests in "
            f"{self._limiter.window_seconds} s; try again in {allowance.reset_seconds} s",
            slug="too-many-requests",
            headers={"Retry-After": str(allowance.reset_seconds)},
        )
        await response(scope, receive, send)

"""How many requests each API key made in a window, over all processes of the service.

LIMITS:requests/<key id>/<start of the window, in seconds since 1970>  ->  a number
"""

from typing import Any
from urllib.parse import urlsplit

from limits.aio.storage import RedisStorage
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from mpp_stores.errors import StoreUnavailable
from mpp_stores.redis.connection import STORE, url_of
from mpp_stores.settings import StoreSettings

_DEFAULT_PORT = 6379
# Nobody waits for it but the task that shares the counts.
_SOCKET_SECONDS = 1.0


class RequestCounts:
    def __init__(self, settings: StoreSettings) -> None:
        of_the_driver: dict[str, Any] = {
            "socket_timeout": _SOCKET_SECONDS,
            "socket_connect_timeout": _SOCKET_SECONDS,
            # Once more at once: pooled connections do not outlive a restart of Redis.
            "retry": Retry(NoBackoff(), retries=1),
        }
        self._storage = RedisStorage(
            f"async+{_with_port(url_of(settings))}",
            implementation="redispy",
            **of_the_driver,
        )

    async def add(self, key_id: str, window_start: int, window_seconds: int, amount: int) -> int:
        """Count `amount` more; the sum over all processes. Raises `StoreUnavailable`."""
        try:
            return await self._storage.incr(
                f"requests/{key_id}/{window_start}", expiry=2 * window_seconds, amount=amount
            )
        except (exceptions.RedisError, OSError) as error:
            raise StoreUnavailable(STORE, "share the counts of requests", error) from error

    async def close(self) -> None:
        await self._storage.bridge.get_connection().aclose()  # type: ignore[attr-defined]


def _with_port(url: str) -> str:
    """`limits` needs the port that redis-py takes for granted."""
    parts = urlsplit(url)
    if parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc.removesuffix(':')}:{_DEFAULT_PORT}")
    return parts.geturl()

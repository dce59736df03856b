"""The address of Redis, and the one rule for which of its errors are worth a retry."""

from contextlib import AbstractContextManager

from redis import exceptions
from redis.connection import parse_url

from mpp_stores.errors import StoreRejected, translated
from mpp_stores.settings import StoreSettings

STORE = "redis"


def url_of(settings: StoreSettings) -> str:
    url = settings.redis_url.get_secret_value()
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        # The message can quote the URL, a piece of the password for instance.
        raise StoreRejected(STORE, "read MPP_REDIS_URL", "not a usable URL") from None
    return url


def is_retryable(error: Exception) -> bool:
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    return isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | OSError)


def redis_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable)

"""The one rule for which of Redis' errors are worth a retry."""

from contextlib import AbstractContextManager

from redis import exceptions

from mpp_stores.errors import translated

STORE = "redis"


def is_retryable(error: Exception) -> bool:
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    return isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | OSError)


def redis_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable)

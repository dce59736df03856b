"""Opening MongoDB, and the one rule for which of its errors are worth a retry."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from mpp_stores.errors import StoreRejected, translated

STORE = "mongo"

_TRANSIENT_CODES = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        50,  # MaxTimeMSExpired
        64,  # WriteConcernTimeout
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11000,  # DuplicateKey: we upsert by the only unique key, so another writer was first
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
    }
)


def is_retryable(error: Exception) -> bool:
    """True for lost connections, timeouts, elections and lost write conflicts.

    A bulk write is retryable when each of its failed operations is. Credentials,
    malformed documents and unknown commands are not.
    """
    if isinstance(error, BulkWriteError):
        failures = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return all(failure.get("code") in _TRANSIENT_CODES for failure in failures)
    if isinstance(error, OperationFailure) and error.code in _TRANSIENT_CODES:
        return True
    return isinstance(error, (ConnectionFailure, TimeoutError)) or (
        isinstance(error, PyMongoError)
        and (error.timeout or error.has_error_label("RetryableWriteError"))
    )


def mongo_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable)


@contextmanager
def uri_errors() -> Iterator[None]:
    """The driver's own message can quote the URI, password included."""
    try:
        yield
    except (PyMongoError, ValueError) as error:
        kind = type(error).__name__
        raise StoreRejected(STORE, "read MPP_MONGO_URI", f"not a usable URI ({kind})") from None

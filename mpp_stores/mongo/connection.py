"""Opening MongoDB, and the one rule for which of its errors are worth a retry."""

from collections import Counter
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
        return all(code in _TRANSIENT_CODES for code in _codes(error))
    if isinstance(error, OperationFailure) and error.code in _TRANSIENT_CODES:
        return True
    return isinstance(error, (ConnectionFailure, TimeoutError)) or (
        isinstance(error, PyMongoError)
        and (error.timeout or error.has_error_label("RetryableWriteError"))
    )


def without_documents(error: Exception) -> str | None:
    """Of a bulk write, whose error holds each failed operation with its document: how many
    failed with which code."""
    if not isinstance(error, BulkWriteError):
        return None
    counts = Counter(_codes(error)).items()
    return "operations failed: " + ", ".join(f"{count} with code {code}" for code, count in counts)


def _codes(error: BulkWriteError) -> list[int | None]:
    failures = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
    return [failure.get("code") for failure in failures]


def mongo_errors(attempted: str) -> AbstractContextManager[None]:
    return translated(STORE, attempted, is_retryable, without_documents)


@contextmanager
def uri_errors() -> Iterator[None]:
    """The driver's own message can quote the URI, password included."""
    try:
        yield
    except (PyMongoError, ValueError) as error:
        kind = type(error).__name__
        raise StoreRejected(STORE, "read MPP_MONGO_URI", f"not a usable URI ({kind})") from None

"""Which Milvus and gRPC errors mean "try again", and which mean "load the collection"."""

import re

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status
from pymilvus.exceptions import ErrorCode

_TRANSIENT_RPC = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
}
# Refusals under load, also by servers too old to flag them as retriable.
_OVERLOADED = {ErrorCode.RATE_LIMIT, ErrorCode.FORCE_DENY}
# merr's CollectionNotLoaded and CollectionNotFullyLoaded.
_NOT_LOADED = {101, 103}
# pymilvus gives what it waited for in vain (a flush, an index, a collection being loaded, an
# end of retries) the code of an unexpected error: "wait for flush timeout, collection: …".
_WAITED_IN_VAIN = "timeout"
# merr's PartitionNotFound. A search is told so in words alone: "partition name … not found".
_PARTITION_NOT_FOUND = 200
_NO_PARTITION = re.compile(r"partition\b.*\bnot found")


def is_retryable(error: Exception) -> bool:
    """Whether the same call may succeed later.

    RESOURCE_EXHAUSTED is not here: gRPC raises it for a message over the size
    limit, while Milvus reports its own load as a rate limit.
    """
    if isinstance(error, grpc.RpcError):
        return error.code() in _TRANSIENT_RPC
    if isinstance(error, MilvusException):
        if error.code == Status.CONNECT_FAILED and isinstance(error.__cause__, grpc.RpcError):
            # pymilvus reports refused credentials as a failed connection too.
            return is_retryable(error.__cause__)
        if error.code == ErrorCode.UNEXPECTED_ERROR and _WAITED_IN_VAIN in error.message:
            return True
        transient = _TRANSIENT_RPC | _OVERLOADED | _NOT_LOADED | {Status.CONNECT_FAILED}
        return error.retriable or error.code in transient
    return isinstance(error, OSError)  # includes TimeoutError and ConnectionError


def is_not_loaded(error: MilvusException) -> bool:
    """The collection exists, but is not in the server's memory: load it and ask again.

    milvus-lite forgets what was loaded when it restarts.
    """
    return error.code in _NOT_LOADED


def is_missing(error: MilvusException) -> bool:
    """There is no such collection, or partition: nothing was written, or it was dropped."""
    return (
        error.code in {ErrorCode.COLLECTION_NOT_FOUND, _PARTITION_NOT_FOUND}
        or _NO_PARTITION.search(error.message) is not None
    )

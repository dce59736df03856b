"""How both clients, the pipeline's and the read service's, reach the server."""

from typing import Any

from mpp_stores.settings import StoreSettings

_GRPC_OPTIONS = {
    # gRPC shares connections to one address between all channels of a process, and with
    # them the wait after failed attempts, which grows to 120 s: a server that comes back
    # would not be noticed for that long. With its own pool a new channel tries at once.
    "grpc.use_local_subchannel_pool": 1,
    # pymilvus pings every 10 s. milvus-lite has gRPC's own limit of one in five minutes,
    # and cuts the connection, with the calls on it, of a client that pings more often, were it
    # by a moment. A dead peer is noticed by the deadline of each call instead.
    "grpc.keepalive_time_ms": 600_000,
}


def client_options(settings: StoreSettings, connect_seconds: float) -> dict[str, Any]:
    """Arguments of `MilvusClient` and `AsyncMilvusClient`."""
    return {
        "uri": settings.milvus_uri,
        "token": settings.milvus_token.get_secret_value(),
        "timeout": connect_seconds,
        "dedicated": True,  # else close() leaves the connection in pymilvus's registry
        "grpc_options": _GRPC_OPTIONS,
    }

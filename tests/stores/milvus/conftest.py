"""The suite runs on milvus-lite and on Milvus's standalone server, or on the server whose address
is set. Its collections are its own, and dropped afterwards: a stack may hold real data.
"""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pymilvus import MilvusClient

from mpp_local.ports import free_port
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import CampaignProfiles, MessageVectors, UserProfiles
from mpp_stores.settings import StoreSettings
from tests.stores.milvus.servers import Lite, Server, Standalone, at_port

SERVERS = ["external"] if os.environ.get("MPP_MILVUS_URI") else ["lite", "standalone"]
EVERY_ROW = 'row_id != ""'


@pytest.fixture(scope="package")
def standalone_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("milvus")


@pytest.fixture(scope="package", params=SERVERS)
def server_kind(request: pytest.FixtureRequest) -> str:
    """Apart from `settings`: pytest would start the fixture of that name that all tests share
    anew for each parameter."""
    return str(request.param)


@pytest.fixture(scope="package")
def settings(
    server_kind: str, settings: StoreSettings, standalone_home: Path
) -> Iterator[StoreSettings]:
    if server_kind != "standalone":
        yield settings
        return
    server = Standalone(standalone_home, settings)
    try:
        server.start()
        yield server.settings
    finally:
        server.stop()


@pytest.fixture
def server(
    request: pytest.FixtureRequest,
    settings: StoreSettings,
    standalone_home: Path,
    tmp_path: Path,
) -> Iterator[Server]:
    """A running server that the test may kill; the one that others use, it starts again."""
    if "standalone" in request.node.callspec.id:
        yield Standalone(standalone_home, settings)
        return
    lite = Lite(tmp_path, at_port(settings, free_port(19_530, (), seed=str(tmp_path))))
    lite.start()
    try:
        yield lite
    finally:
        lite.kill()


@dataclass(frozen=True)
class Prepared:
    """Targets that all tests share, each finding them empty: Milvus needs seconds to make one."""

    messages: MessageVectors
    profiles: UserProfiles
    campaigns: CampaignProfiles
    names: dict[str, str]


@pytest.fixture(scope="package")
def prepared(settings: StoreSettings) -> Iterator[Prepared]:
    names = {kind: _new_name(kind) for kind in ("messages", "profiles", "campaigns")}
    with (
        MessageVectors(settings, collection=names["messages"]) as messages,
        UserProfiles(settings, collection=names["profiles"]) as profiles,
        CampaignProfiles(settings, collection=names["campaigns"]) as campaigns,
        _client(settings) as client,
    ):
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda target: target.prepare(), (messages, profiles, campaigns)))
        yield Prepared(messages, profiles, campaigns, names)
        for name in names.values():
            client.drop_collection(name)


@pytest.fixture
def client(settings: StoreSettings) -> Iterator[MilvusClient]:
    with _client(settings) as client:
        yield client


@pytest.fixture
def messages_collection(request: pytest.FixtureRequest, client: MilvusClient) -> Iterator[str]:
    """The name of the collection of `messages`; for a test without it, of one that is not there."""
    yield from _collection(request, client, "messages")


@pytest.fixture
def profiles_collection(request: pytest.FixtureRequest, client: MilvusClient) -> Iterator[str]:
    yield from _collection(request, client, "profiles")


@pytest.fixture
def campaigns_collection(request: pytest.FixtureRequest, client: MilvusClient) -> Iterator[str]:
    yield from _collection(request, client, "campaigns")


@pytest.fixture
def messages(prepared: Prepared, client: MilvusClient) -> MessageVectors:
    client.delete(prepared.names["messages"], filter=EVERY_ROW)
    return prepared.messages


@pytest.fixture
def profiles(prepared: Prepared, client: MilvusClient) -> UserProfiles:
    client.delete(prepared.names["profiles"], filter=EVERY_ROW)
    return prepared.profiles


@pytest.fixture
def campaigns(prepared: Prepared, client: MilvusClient) -> CampaignProfiles:
    client.delete(prepared.names["campaigns"], filter=EVERY_ROW)
    return prepared.campaigns


@pytest.fixture
async def reader(
    settings: StoreSettings,
    messages_collection: str,
    profiles_collection: str,
    campaigns_collection: str,
) -> AsyncIterator[VectorReader]:
    """Strong, so that a test sees what it just wrote; generous, for a busy machine."""
    reader = VectorReader(
        settings,
        timeout=30.0,
        consistency="Strong",
        messages=messages_collection,
        user_profiles=profiles_collection,
        campaign_profiles=campaigns_collection,
    )
    yield reader
    await reader.close()


@pytest.fixture
def nobody_listens(settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings whose Milvus port is taken by a socket that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield at_port(settings, taken.getsockname()[1])


@pytest.fixture
def nobody_answers(settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings whose Milvus port accepts connections and stays silent."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield at_port(settings, silent.getsockname()[1])


def _new_name(kind: str) -> str:
    return f"test_{kind}_{uuid4().hex}"


@contextmanager
def _client(settings: StoreSettings) -> Iterator[MilvusClient]:
    client = MilvusClient(
        settings.milvus_uri, token=settings.milvus_token.get_secret_value(), dedicated=True
    )
    yield client
    client.close()


def _collection(request: pytest.FixtureRequest, client: MilvusClient, kind: str) -> Iterator[str]:
    if kind in request.fixturenames:
        prepared: Prepared = request.getfixturevalue("prepared")
        yield prepared.names[kind]
        return
    name = _new_name(kind)
    yield name
    client.drop_collection(name)

"""Targets on collections of their own, dropped afterwards: a stack may hold real data."""

import socket
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pymilvus import MilvusClient

from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import CampaignProfiles, MessageVectors, UserProfiles
from mpp_stores.settings import StoreSettings


@pytest.fixture
def client(settings: StoreSettings) -> Iterator[MilvusClient]:
    client = MilvusClient(
        settings.milvus_uri, token=settings.milvus_token.get_secret_value(), dedicated=True
    )
    yield client
    client.close()


@pytest.fixture
def messages_collection(client: MilvusClient) -> Iterator[str]:
    name = f"test_messages_{uuid4().hex}"
    yield name
    client.drop_collection(name)


@pytest.fixture
def profiles_collection(client: MilvusClient) -> Iterator[str]:
    name = f"test_user_profiles_{uuid4().hex}"
    yield name
    client.drop_collection(name)


@pytest.fixture
def campaigns_collection(client: MilvusClient) -> Iterator[str]:
    name = f"test_campaign_profiles_{uuid4().hex}"
    yield name
    client.drop_collection(name)


@pytest.fixture
def messages(settings: StoreSettings, messages_collection: str) -> Iterator[MessageVectors]:
    with MessageVectors(settings, collection=messages_collection) as target:
        target.prepare()
        yield target


@pytest.fixture
def profiles(settings: StoreSettings, profiles_collection: str) -> Iterator[UserProfiles]:
    with UserProfiles(settings, collection=profiles_collection) as target:
        target.prepare()
        yield target


@pytest.fixture
def campaigns(settings: StoreSettings, campaigns_collection: str) -> Iterator[CampaignProfiles]:
    with CampaignProfiles(settings, collection=campaigns_collection) as target:
        target.prepare()
        yield target


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
    await reader.open()
    yield reader
    await reader.close()


@pytest.fixture
def nobody_listens(settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings whose Milvus port is taken by a socket that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield _at_port(settings, taken.getsockname()[1])


@pytest.fixture
def nobody_listens_yet(settings: StoreSettings) -> StoreSettings:
    """Settings whose Milvus port is free for a server of the test's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return _at_port(settings, free.getsockname()[1])


@pytest.fixture
def nobody_answers(settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings whose Milvus port accepts connections and stays silent."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield _at_port(settings, silent.getsockname()[1])


def _at_port(settings: StoreSettings, port: int) -> StoreSettings:
    return settings.model_copy(update={"milvus_uri": f"http://127.0.0.1:{port}"})

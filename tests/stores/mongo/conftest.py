"""A collection of the test's own in the stack's MongoDB."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.collection import Collection

from mpp_stores.mongo.writer import Conversations
from mpp_stores.settings import StoreSettings


@pytest.fixture
def collection(settings: StoreSettings) -> Iterator[Collection[dict[str, Any]]]:
    """Does not exist yet; dropped after the test."""
    with MongoClient[dict[str, Any]](settings.mongo_uri.get_secret_value()) as client:
        collection = client[settings.mongo_database][f"test_{uuid.uuid4().hex}"]
        yield collection
        collection.drop()


@pytest.fixture
def conversations(
    settings: StoreSettings, collection: Collection[dict[str, Any]]
) -> Iterator[Conversations]:
    with Conversations(settings, collection=collection.name) as target:
        target.prepare()
        yield target


@pytest.fixture
def dead_settings(settings: StoreSettings) -> StoreSettings:
    """Settings whose MongoDB address nobody listens on."""
    return settings.model_copy(update={"mongo_uri": SecretStr("mongodb://127.0.0.1:1")})

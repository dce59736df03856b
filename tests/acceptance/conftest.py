"""What the README promises, run as a reader would.

These tests come first (by the folder's name), on stores that nobody else has
written to yet. Their files run in the order of their names, over one stack.
"""

from collections.abc import Iterator

import httpx
import pytest
from pymilvus import MilvusClient

from mpp_local.api_access import KEY_HEADER
from mpp_stores.milvus.collections import CAMPAIGN_PROFILES, MESSAGES, USER_PROFILES
from mpp_stores.milvus.connection import client_options
from mpp_stores.settings import StoreSettings
from tests.acceptance import flows
from tests.acceptance.commands import MPP, run
from tests.acceptance.dagster_runs import Dagster


@pytest.fixture(scope="package", autouse=True)
def only_stores_afterwards(settings: StoreSettings, stack: dict[str, str]) -> Iterator[None]:
    """The other tests need no Dagster and no API, and share Milvus: its approximate index
    finds little of the few vectors that they add to many."""
    yield
    run(MPP, "down")
    run(MPP, "up", "--only", "stores")
    client = MilvusClient(**client_options(settings, connect_seconds=10))
    for collection in (MESSAGES, USER_PROFILES, CAMPAIGN_PROFILES):
        client.drop_collection(collection)
    client.close()


@pytest.fixture(scope="session")
def first_make_up(stack: dict[str, str]) -> str:
    """The output of `make up` on empty stores."""
    return run("make", "up")


@pytest.fixture(scope="session")
def api(stack: dict[str, str], first_make_up: str) -> Iterator[httpx.Client]:
    key = {KEY_HEADER: stack["MPP_API_KEY"]}
    with httpx.Client(base_url=stack["MPP_API_URL"], headers=key, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def dagster(stack: dict[str, str]) -> Dagster:
    return Dagster(stack["MPP_DAGSTER_URL"])


@pytest.fixture(scope="session")
def publication(settings: StoreSettings, api: httpx.Client) -> flows.Publication:
    return flows.drop_files(settings, api)


@pytest.fixture(scope="session")
def erased(dagster: Dagster, publication: flows.Publication) -> dict[str, str]:
    return flows.erase_and_withdraw_at_once(dagster)

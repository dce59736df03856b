"""What the README promises, run as a reader would.

These tests have a stack of their own, on stores that nobody else has written to. Their
files run in the order of their names, over that one stack.
"""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from pymilvus import MilvusClient

from mpp_local.api_access import KEY_HEADER
from mpp_stores.milvus.collections import CAMPAIGN_PROFILES, MESSAGES, USER_PROFILES
from mpp_stores.milvus.connection import client_options
from mpp_stores.settings import StoreSettings
from tests.acceptance import flows
from tests.acceptance.dagster_runs import Dagster
from tests.pipeline.commands import run
from tests.stacks import running_stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A whole stack, on which a posted event becomes a batch at once, a reply is complete
    however busy Spark keeps the machine, and the time of day makes no difference.

    Its vectors go afterwards: on stores that are not the stack's own, an approximate index
    would find little of the few that other tests add to many.
    """
    home = tmp_path_factory.mktemp("stack")
    patient = {
        "MPP_API_DEADLINE_MS": "30000",
        "MPP_API_LEG_TIMEOUT_SECONDS": "10",
        "MPP_API_CACHE_TIMEOUT_SECONDS": "10",
    }
    with running_stack(home, MPP_API_EVENTS_ROTATE_SECONDS="1", **patient) as environment:
        Dagster(environment["MPP_DAGSTER_URL"]).stop_schedules()
        yield environment
        with closing(MilvusClient(**client_options(StoreSettings(), connect_seconds=10))) as client:
            for collection in (MESSAGES, USER_PROFILES, CAMPAIGN_PROFILES):
                client.drop_collection(collection)


@pytest.fixture(scope="package")
def settings(stack: dict[str, str]) -> StoreSettings:
    return StoreSettings()


@pytest.fixture(scope="package")
def first_make_up(stack: dict[str, str]) -> str:
    """The output of `make up` on empty stores."""
    return run("make", "up")


@pytest.fixture(scope="package")
def api(stack: dict[str, str], first_make_up: str) -> Iterator[httpx.Client]:
    key = {KEY_HEADER: stack["MPP_API_KEY"]}
    with httpx.Client(base_url=stack["MPP_API_URL"], headers=key, timeout=30) as client:
        yield client


@pytest.fixture(scope="package")
def dagster(stack: dict[str, str]) -> Dagster:
    return Dagster(stack["MPP_DAGSTER_URL"])


@pytest.fixture(scope="package")
def publication(settings: StoreSettings, api: httpx.Client) -> flows.Publication:
    return flows.drop_files(settings, api)


@pytest.fixture(scope="package")
def erased(dagster: Dagster, publication: flows.Publication) -> dict[str, str]:
    return flows.erase_and_withdraw_at_once(dagster)

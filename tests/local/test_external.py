from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mpp_local.component import NotReady
from mpp_local.engines import engines_of
from mpp_local.engines.nx27017 import MALFORMED as MALFORMED_MONGO
from mpp_local.engines.nx27017 import Nx27017
from mpp_local.engines.postgres import MALFORMED as MALFORMED_POSTGRES
from mpp_local.engines.postgres import Postgres
from mpp_local.engines.valkey import MALFORMED as MALFORMED_REDIS
from mpp_local.engines.valkey import Valkey
from mpp_local.environment import environment_of
from mpp_local.external import declared_external
from mpp_local.services import SERVICES
from mpp_local.services.dagster import DagsterDaemon, prepare_instance
from mpp_local.stack import Stack

MANAGED = "postgresql://analyst:secret@db.example.com:6432/personalization?sslmode=require"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack as its first start leaves it."""
    stack = Stack(tmp_path)
    for component in (*engines_of(stack), *SERVICES):
        stack.assign_ports(component.default_ports, must_be_free=False)
    return stack


def test_an_address_brings_the_settings_that_belong_to_it(stack: Stack) -> None:
    declared = {"MPP_NEO4J_URI": "neo4j+s://graph.example.com", "MPP_NEO4J_PASSWORD": "secret"}

    external = declared_external(stack, engines_of(stack), {**declared, "MPP_HOME": "/somewhere"})

    assert external == {"neo4j": declared}


@pytest.mark.parametrize("milvus", ["lite", "standalone"])
def test_an_engine_of_the_stack_leaves_no_setting_to_the_caller(stack: Stack, milvus: str) -> None:
    stack.milvus = milvus

    for engine in engines_of(stack):
        assert set(engine.environment(stack)) == set(engine.settings)


def test_a_password_alone_replaces_no_engine(stack: Stack) -> None:
    assert declared_external(stack, engines_of(stack), {"MPP_NEO4J_PASSWORD": "secret"}) == {}


def test_the_addresses_of_the_stack_itself_replace_no_engine(stack: Stack) -> None:
    assert declared_external(stack, engines_of(stack), environment_of(stack)) == {}


def test_dagster_uses_a_database_beside_an_external_one(stack: Stack) -> None:
    stack.external = {"postgres": {"MPP_POSTGRES_URL": MANAGED}}

    url = environment_of(stack)["MPP_DAGSTER_POSTGRES_URL"]

    assert url == (
        "postgresql+psycopg2://analyst:secret@db.example.com:6432/dagster?sslmode=require"
    )


def test_a_database_of_dagsters_own_that_is_not_there_is_named(
    stack: Stack, addresses: dict[str, str]
) -> None:
    url = addresses["MPP_POSTGRES_URL"]
    stack.external = {
        "postgres": {
            "MPP_POSTGRES_URL": MANAGED,
            "MPP_DAGSTER_POSTGRES_URL": urlsplit(url)._replace(path="/absent").geturl(),
        }
    }

    with pytest.raises(RuntimeError, match='"absent" does not exist') as failure:
        DagsterDaemon().prepare(stack)

    assert str(failure.value).endswith("or correct MPP_DAGSTER_POSTGRES_URL")
    assert str(urlsplit(url).password) not in str(failure.value)


def test_dagster_uses_the_database_it_is_given(stack: Stack) -> None:
    stack.external = {
        "postgres": {
            "MPP_POSTGRES_URL": MANAGED,
            "MPP_DAGSTER_POSTGRES_URL": "postgresql://dagster:secret@elsewhere/runs",
        }
    }

    url = environment_of(stack)["MPP_DAGSTER_POSTGRES_URL"]

    assert url == "postgresql+psycopg2://dagster:secret@elsewhere/runs"


@pytest.mark.parametrize(
    "url",
    ["postgresql://one:5432,two:5432/runs", "postgresql://us:se[cret@one/runs", "one:5432/runs"],
)
@pytest.mark.parametrize("setting", ["MPP_POSTGRES_URL", "MPP_DAGSTER_POSTGRES_URL"])
def test_an_address_that_dagster_could_not_use_is_described_and_not_quoted(
    stack: Stack, setting: str, url: str
) -> None:
    stack.external = {"postgres": {"MPP_POSTGRES_URL": MANAGED, setting: url}}
    with pytest.raises(RuntimeError) as failure:
        environment_of(stack)
    assert str(failure.value) == MALFORMED_POSTGRES


def test_beside_a_server_of_dagsters_own_the_data_may_be_on_several(stack: Stack) -> None:
    own = "postgresql://dagster:secret@elsewhere/runs"
    data = "postgresql://one:5432,two:5432/mpp"
    stack.external = {
        "postgres": {"MPP_POSTGRES_URL": data, "MPP_DAGSTER_POSTGRES_URL": own},
    }
    stack.dagster_home.mkdir()
    prepare_instance(stack)
    assert environment_of(stack)["MPP_POSTGRES_URL"] == data


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://us:se/cret@documents:27017",
        "mongodb://us:se@cret@documents:27017",
        "mongodb://us:se/cret word@documents:27017",
        "mongodb://us:12/cret@documents:27017",
    ],
)
def test_an_address_of_mongo_that_is_none_is_described_and_not_quoted(url: str) -> None:
    with pytest.raises(NotReady) as failure:
        Nx27017().probe({"MPP_MONGO_URI": url})
    assert str(failure.value) == MALFORMED_MONGO


@pytest.mark.parametrize("url", ["postgresql://us:se/cret@one/mpp", "postgresql://us:1?a@one/mpp"])
def test_an_address_of_postgres_that_is_none_is_described_and_not_quoted(url: str) -> None:
    """Where Dagster has another, nobody else looks at it."""
    with pytest.raises(NotReady) as failure:
        Postgres().probe({"MPP_POSTGRES_URL": url})
    assert str(failure.value) == MALFORMED_POSTGRES


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        ":secret@cache:6379",
        "redis://:se/cret@cache:6379",
        "redis://:12/cret@cache:6379",
    ],
)
def test_an_address_of_redis_that_is_none_is_described_and_not_quoted(url: str) -> None:
    with pytest.raises(NotReady) as failure:
        Valkey().probe({"MPP_REDIS_URL": url})
    assert str(failure.value) == MALFORMED_REDIS

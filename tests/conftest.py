"""One local stack and one Spark session for the whole test run.

Where `MPP_*` addresses are set already, those stores are used and not started:
the same suite runs against production engines.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster_pyspark import LazyPySparkResource
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr, ValidationError
from pyspark.sql import SparkSession

from mpp_assets.resources import spark_config
from mpp_assets.settings import SparkSettings
from mpp_local.environment import stack_environment
from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings

MPP = Path(sys.executable).with_name("mpp")
IMPATIENT = {"MPP_API_EVENTS_ROTATE_SECONDS": "1"}
"""A posted event becomes a batch at once."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running stack of its own; its addresses are in the environment from here on."""
    home = tmp_path_factory.mktemp("stack")
    os.environ["MPP_HOME"] = str(home)
    subprocess.run([MPP, "up"], check=True, env={**os.environ, **IMPATIENT})
    try:
        environment = stack_environment(home)
        os.environ.update(environment)
        yield environment
    finally:
        subprocess.run([MPP, "down"], check=True)


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest) -> StoreSettings:
    """The stores whose addresses are set; those of a stack of our own if any is missing."""
    try:
        return StoreSettings()
    except ValidationError:
        request.getfixturevalue("stack")
        return StoreSettings()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Configured as the platform's runs are, on two local cores."""
    config = spark_config(SparkSettings(master="local[2]", shuffle_partitions=2))
    session: SparkSession = LazyPySparkResource(spark_config=config).spark_session
    yield session
    session.stop()


@pytest.fixture
def own_database(settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings of a Postgres database of the test's own, without another pipeline."""
    name = f"mpp_test_{uuid.uuid4().hex[:12]}"
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    own_url = SecretStr(make_conninfo("", **{**url, "dbname": name}))
    with connect(settings) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield settings.model_copy(update={"postgres_url": own_url})
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

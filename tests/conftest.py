"""One local stack and one Spark session for the whole test run.

Where `MPP_*` addresses are set already, those stores are used and not started:
the same suite runs against production engines.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster_pyspark import LazyPySparkResource
from pydantic import ValidationError
from pyspark.sql import SparkSession

from mpp_assets.resources import spark_config
from mpp_assets.settings import SparkSettings
from mpp_local.environment import stack_environment
from mpp_stores.settings import StoreSettings

MPP = Path(sys.executable).with_name("mpp")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running stack of its own; its addresses are in the environment from here on."""
    home = tmp_path_factory.mktemp("stack")
    os.environ["MPP_HOME"] = str(home)
    subprocess.run([MPP, "up"], check=True)
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

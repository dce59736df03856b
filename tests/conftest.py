"""One stack of stores and one Spark session for all tests but those that need their own.

Where `MPP_*` addresses are set already, those stores are used and not started:
the same suite runs against production engines.
"""

from collections.abc import Iterator

import pytest
from dagster_pyspark import LazyPySparkResource
from pydantic import ValidationError
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from mpp_assets.resources import spark_config
from mpp_assets.settings import SparkSettings
from mpp_stores.settings import StoreSettings
from tests import databases
from tests.stacks import running_stack

PARTS = ("acceptance", "orchestration", "stores", "assets", "local")
"""No two share stores while they run side by side; whatever is of no other part is of `stores`.
Begun in this order, two processes end at about the same time."""


class PartsSideBySide(LoadScopeScheduling):
    """`pytest -n 2` runs two parts at a time."""

    def _split_scope(self, nodeid: str) -> str:
        part = nodeid.split("/")[1]
        return part if part in PARTS else "stores"

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=PARTS.index), last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> PartsSideBySide:
    return PartsSideBySide(config, log)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """The stores whose addresses are set; those of a stack of our own if any is missing."""
    try:
        yield StoreSettings()
    except ValidationError:
        with running_stack(tmp_path_factory.mktemp("stores"), "--only", "stores"):
            yield StoreSettings()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Configured as the platform's runs are, on two local cores."""
    config = spark_config(SparkSettings(master="local[2]", shuffle_partitions=2))
    session: SparkSession = LazyPySparkResource(spark_config=config).spark_session
    yield session
    session.stop()


@pytest.fixture
def own_database(settings: StoreSettings) -> Iterator[StoreSettings]:
    with databases.own_database(settings) as own:
        yield own

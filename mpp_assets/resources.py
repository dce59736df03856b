"""What assets are given: the pipeline's settings and Spark."""

import os
import sys

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr

from mpp_assets.settings import PipelineSettings, SparkSettings
from mpp_stores.lake import Lake

# Workers run in this interpreter's environment; Spark reads only the variable, not its own option.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


class Platform(dg.ConfigurableResource):
    """The stores' addresses and the lake.

    Read from the environment when a run starts, not when definitions load: the
    graph can be inspected without any store or secret.
    """

    _settings: PipelineSettings = PrivateAttr()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._settings = PipelineSettings()

    @property
    def settings(self) -> PipelineSettings:
        return self._settings

    @property
    def lake(self) -> Lake:
        return Lake(self._settings.lake)


def spark_config(settings: SparkSettings) -> dict[str, str]:
    """Options of every Spark session of the platform, tests included."""
    return {
        "spark.master": settings.master,
        "spark.app.name": "marketing-personalization-platform",
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.bindAddress": settings.driver_host,
        "spark.driver.host": settings.driver_host,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


RESOURCES = {
    "platform": Platform(),
    # One session a run: steps of a run share a process (see definitions.py).
    "spark": LazyPySparkResource(spark_config=spark_config(SparkSettings())),
}

"""What assets are given: the pipeline's settings and Spark."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import dagster as dg
import pyspark
from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr
from pyspark import SparkContext
from pyspark.sql import SparkSession

from mpp_assets.settings import PipelineSettings, SparkSettings
from mpp_stores.lake import Lake
from mpp_stores.postgres.lock import pipeline_lock

# Workers run in this interpreter's environment; Spark reads only the variable, not its own option.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
if SparkSettings().master.startswith("local"):
    # One that the machine has for others may be of any version. A cluster's configuration may
    # lie in it: what the environment says stays for that.
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)


_STARTING = Lock()


class SparkResource(LazyPySparkResource):
    """One session a process. Where its JVM died, as for want of memory, the next who asks has
    another, so that the next try of a step can succeed."""

    @property
    def spark_session(self) -> SparkSession:
        with _STARTING:  # steps of a run are threads
            # None, too, for a JVM that started this process.
            jvm = SparkContext._gateway and SparkContext._gateway.proc
            if jvm is not None and jvm.poll() is not None:
                # PySpark itself holds on to a gateway for as long as the process lives.
                SparkContext._gateway = SparkContext._jvm = None
                SparkContext._active_spark_context = None
                SparkSession._instantiatedSession = self._spark_session = None
            session: SparkSession = super().spark_session
            return session


CLASS_ARCHIVE = Path(sys.prefix, "share/marketing-personalization-platform/spark-classes.jsa")
"""Where `mpp_assets.class_archive` puts it."""


class Platform(dg.ConfigurableResource):
    """The stores' addresses and the lake, for one run at a time.

    Read from the environment when a run starts, not when definitions load: the
    graph can be inspected without any store or secret. From then to its end the
    run holds the pipeline's lock.
    """

    _settings: PipelineSettings = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Platform"]:
        self._settings = PipelineSettings()
        with pipeline_lock(self._settings) as was_free:
            if not was_free and context.log:
                context.log.info("waited for another run to release the pipeline's lock")
            yield self

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
        "spark.executor.memory": settings.executor_memory,
        "spark.driver.extraJavaOptions": _java_options(settings),
        "spark.driver.bindAddress": settings.driver_host,
        "spark.driver.host": settings.driver_host,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        # Spark lists more than 32 folders in a job of its own by default, one task a folder: 0.1 s
        # at each reading of a year's days, and half a minute for 10,000 batches.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
        # A refresh compiles some 300 pieces of code; of the default, 100, none is there still when
        # it is needed again.
        "spark.sql.codegen.cache.maxEntries": "1000",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
        "spark.python.daemon.module": "mpp_assets.python_daemon",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


def _java_options(settings: SparkSettings) -> str:
    if not CLASS_ARCHIVE.exists():
        return settings.driver_java_options
    return f'{settings.driver_java_options} -XX:SharedArchiveFile="{CLASS_ARCHIVE}"'


RESOURCES = {
    "platform": Platform(),
    # One session a run: its steps are threads of one process.
    "spark": SparkResource(spark_config=spark_config(SparkSettings())),
}

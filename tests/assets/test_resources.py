import os
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pyspark
import pytest

from mpp_assets import resources
from mpp_assets.class_archive import archiving_config
from mpp_assets.resources import Platform, spark_config
from mpp_assets.settings import SparkSettings
from mpp_stores.postgres.lock import pipeline_lock
from tests.stores.postgres.locks import WITHIN_SECONDS, until_one_waits

SETTINGS = SparkSettings(driver_java_options="-Xss4m")


@pytest.mark.parametrize(
    ("exists", "options"),
    [(False, "-Xss4m"), (True, '-Xss4m -XX:SharedArchiveFile="{archive}"')],
)
def test_spark_starts_from_the_class_archive_where_there_is_one(
    tmp_path, monkeypatch, exists, options
):
    archive = tmp_path / "spark classes.jsa"
    if exists:
        archive.touch()
    monkeypatch.setattr(resources, "CLASS_ARCHIVE", archive)
    found = spark_config(SETTINGS)["spark.driver.extraJavaOptions"]
    assert found == options.format(archive=archive)


@pytest.mark.parametrize(("master", "is_kept"), [("local[*]", False), ("spark://host:7077", True)])
def test_another_spark_of_the_machine_counts_for_a_cluster_alone(monkeypatch, master, is_kept):
    another, own = "/opt/spark-3.5", str(Path(pyspark.__file__).parent)
    monkeypatch.setenv("SPARK_HOME", another)
    monkeypatch.setenv("MPP_SPARK_MASTER", master)
    runpy.run_path(resources.__file__)
    assert os.environ["SPARK_HOME"] == (another if is_kept else own)


def test_where_spark_s_jvm_died_there_is_another(tmp_path):
    code = """
from pyspark import SparkContext
from mpp_assets.resources import RESOURCES
spark = RESOURCES["spark"]
assert spark.spark_session
SparkContext._gateway.proc.kill()
SparkContext._gateway.proc.wait()
assert spark.spark_session.range(5).mapInArrow(lambda batches: batches, "id long").count() == 5
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_the_class_archive_is_written_where_a_path_has_a_space(tmp_path):
    file = tmp_path / "spark classes.partial"
    written = archiving_config(SETTINGS, file)["spark.driver.extraJavaOptions"]
    assert written.endswith(f'-XX:ArchiveClassesAtExit="{file}"')


def test_a_run_waits_until_another_has_ended(own_pipeline):
    """Whoever started them: those of an orchestrator are not in Dagster's queue."""
    ran: list[str] = []

    @dg.op
    def use(platform: Platform) -> None:
        ran.append(str(platform.settings.home))

    @dg.job
    def uses_the_stores() -> None:
        use()

    def run() -> bool:
        job = uses_the_stores.execute_in_process(resources={"platform": Platform()})
        return bool(job.success)

    with ThreadPoolExecutor(1) as threads:
        with pipeline_lock(own_pipeline):
            other = threads.submit(run)
            until_one_waits(own_pipeline)
            assert ran == []
        assert other.result(WITHIN_SECONDS)
    assert ran == [str(own_pipeline.home)]

import pytest

from mpp_assets import resources
from mpp_assets.resources import spark_config
from mpp_assets.settings import SparkSettings

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

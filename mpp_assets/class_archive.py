"""A class archive for Spark's driver: a run of seconds spends half of them on loading classes.

    python -m mpp_assets.class_archive

writes one (190 MB, a minute) into this Python's environment, by doing a little of what
runs do in a JVM that keeps the classes it loaded. Every Spark session then starts from it;
a JVM of another build or class path than the one that wrote it ignores the archive, so a new
Java or pyspark wants a new one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from dagster_pyspark import LazyPySparkResource
from pyspark import SparkContext
from pyspark.sql import SparkSession

from mpp_assets.jobs.conversations import build_conversation_events, read_conversation_events
from mpp_assets.jobs.digests import digests_by_day
from mpp_assets.jobs.engagement import (
    campaign_performance,
    daily_activity,
    engaged_with,
    user_engagement,
)
from mpp_assets.jobs.event_quality import ids_with_nulls, repeated_ids
from mpp_assets.jobs.landing import land_files
from mpp_assets.jobs.record_checks import Landing
from mpp_assets.resources import CLASS_ARCHIVE, spark_config
from mpp_assets.settings import SparkSettings
from mpp_stores.contract import Contract
from mpp_stores.lake import Lake
from mpp_stores.postgres.erasures import ErasedSubjects

_EVENT = {
    "user_id": "user",
    "message": "Do these shoes come in wide?",
    "timestamp": "2026-01-05T12:00:00Z",
    "campaign": "campaign",
}
_NOBODY = ErasedSubjects(b"", frozenset())


def write_archive(file: Path) -> None:
    """In this process, which has had no Spark session yet.

    The file is whole or not there: a JVM crashes on half an archive. Raises `OSError`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:  # one may be being written already
        partial = Path(folder, file.name)
        config = archiving_config(SparkSettings(master="local[*]"), partial)
        spark = LazyPySparkResource(spark_config=config).spark_session
        _exercise(spark, Path(folder))
        java: subprocess.Popen[bytes] = SparkContext._gateway.proc  # type: ignore[union-attr]
        spark.stop()
        java.communicate()  # closes its standard input: it ends, and writes the archive
        if java.returncode != 0:
            raise OSError(f"{partial} was not written: the JVM ended with status {java.returncode}")
        partial.replace(file)


def archiving_config(settings: SparkSettings, file: Path) -> dict[str, str]:
    """Options of a Spark session whose JVM writes the classes that it loaded, as it ends."""
    options = f'{settings.driver_java_options} -Xlog:cds=error -XX:ArchiveClassesAtExit="{file}"'
    return spark_config(settings) | {"spark.driver.extraJavaOptions": options}


def _exercise(spark: SparkSession, folder: Path) -> None:
    """Land, build, read, aggregate, compare, and hand batches to a Python worker."""
    file, lake = folder / "events.json", Lake(folder / "lake")
    file.write_text(json.dumps([_EVENT, {"user_id": ""}]))
    land_files(spark, lake, [Landing(file, 1)], contract=Contract(), erased=_NOBODY)
    days = lake.days_of(lake.landed(file.name, landing=1))
    build_conversation_events(spark, lake, days)
    events = read_conversation_events(spark, lake, days)
    digests_by_day(events, days)
    ids_with_nulls(events)
    repeated_ids(events)
    engagement = user_engagement(events, days[0])
    for rows in (engagement, campaign_performance(events, days[0]), daily_activity(events)):
        rows.mapInArrow(lambda batches: batches, rows.schema).collect()
    engaged_with(events).toPandas()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the class archive of Spark's driver.")
    parser.add_argument("file", type=Path, nargs="?", default=CLASS_ARCHIVE, metavar="FILE")
    file = parser.parse_args().file
    write_archive(file)
    sys.stdout.write(f"{file}: {file.stat().st_size // 1_000_000} MB\n")


if __name__ == "__main__":
    main()

"""Landing files by hand, for the tests of landing and of what reads it."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

from pyspark.sql import Row, SparkSession

from mpp_assets.jobs.landed_events import day_folders, read_day_folders
from mpp_assets.jobs.landing import land_files, withdraw_files
from mpp_assets.jobs.record_checks import Landing
from mpp_stores.contract import Contract
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres.erasures import ErasedSubjects, subject_hash

SALT = b"a salt of the tests"
NOBODY = ErasedSubjects(SALT, frozenset())
EVENT = {
    "user_id": "u-1",
    "message": "Do these shoes come in wide?",
    "timestamp": "2026-01-05T23:30:00-02:00",
    "campaign": "spring-run",
}

_landings = itertools.count(1)


def next_landing() -> int:
    """Stands for the number that a materialization would have."""
    return next(_landings)


def erased(*user_ids: str) -> ErasedSubjects:
    return ErasedSubjects(SALT, frozenset(subject_hash(SALT, user_id) for user_id in user_ids))


def written(
    folder: Path, records: list[Any], name: str = "events.json", *, at: int = 1_767_700_000
) -> Path:
    """A file with a JSON array, modified `at` seconds since 1970."""
    file = folder / name
    file.write_text(json.dumps(records))
    os.utime(file, (at, at))
    return file


def land(
    spark: SparkSession,
    lake: Lake,
    file: Path,
    contract: Contract | None = None,
    subjects: ErasedSubjects = NOBODY,
    *,
    was_published: bool = False,
) -> BatchSummary:
    """One file, which must land."""
    landing = Landing(file, next_landing(), was_published)
    done = land_files(spark, lake, [landing], contract=contract or Contract(), erased=subjects)
    assert done.failures == {}
    [summary] = done.summaries
    return summary


def failure(spark: SparkSession, lake: Lake, file: Path, contract: Contract | None = None) -> str:
    """Of one file, which must not land."""
    landing = Landing(file, next_landing())
    done = land_files(spark, lake, [landing], contract=contract or Contract(), erased=NOBODY)
    assert done.summaries == []
    return done.failures[file.name]


def withdraw(
    spark: SparkSession, lake: Lake, file: Path, *, was_published: bool = False
) -> BatchSummary:
    [summary] = withdraw_files(spark, lake, [Landing(file, next_landing(), was_published)])
    return summary


def landed(spark: SparkSession, lake: Lake) -> list[Row]:
    rows = read_day_folders(spark, day_folders(lake, lake.summaries()))
    return rows.orderBy("batch", "position").collect()


def rejected(spark: SparkSession, lake: Lake, batch: str = "events.json") -> list[Row]:
    summary = lake.summary(batch)
    assert summary is not None
    rows = spark.read.parquet(str(lake.rejected(batch, summary.landing)))
    return rows.orderBy("position").collect()

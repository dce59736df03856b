"""Landing: a file becomes a batch of accepted and rejected events.

A landing is written beside the batch's earlier one. Replacing the batch's summary
makes it the one that counts; until then nothing that a reader finds has changed.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from mpp_assets.jobs.landed_events import read_day_folders, read_landings
from mpp_assets.jobs.record_checks import check_records
from mpp_assets.jobs.scrubbing import scrub_file
from mpp_stores.contract import Contract, ContractFrozen
from mpp_stores.events import USER_ERASED
from mpp_stores.lake import (
    LANDED_EVENT_SCHEMA,
    REJECTED_EVENT_SCHEMA,
    BatchSummary,
    Lake,
    fingerprint,
)
from mpp_stores.postgres.erasures import ErasedSubjects

MAX_REASONS = 100
"""Reasons that a summary counts by name: those of a feed can be as many as its fields."""

OTHER_REASONS = "other reasons"


def land_batch(
    spark: SparkSession,
    lake: Lake,
    file: Path,
    *,
    landing: int,
    contract: Contract,
    erased: ErasedSubjects,
    was_published: bool = False,
) -> BatchSummary:
    """Parse, normalise and validate one landed file; replace its batch in the lake.

    The batch is named by the file. Of valid records with the same message_id the
    last one in the file counts, the others are duplicates. Records of erased users
    are removed from the file itself. `was_published` says whether a release holds the
    batch as it landed before: if so, the days that it touched then are not owed any more.

    Raises:
        FileNotFoundError: the file is not there.
        PythonException: an executor could not read it.
        ContractFrozen: a record deviates where the contract allows no deviation.
            Each leaves the batch as it was.
    """
    if not file.is_file():
        raise FileNotFoundError(f"batch {file.name!r}: no file {file}; land it again")
    found = fingerprint(file)
    checked = check_records(spark, file, contract, erased).persist(StorageLevel.DISK_ONLY)
    try:
        counts = _count(checked, file.name)
        _write(checked, lake, file.name, landing)
    finally:
        checked.unpersist()
    summary = BatchSummary(
        batch=file.name,
        landing=landing,
        fingerprint=found,
        withdrawn=False,
        read=counts.read,
        accepted=counts.accepted,
        rejected=counts.rejected,
        duplicates=counts.read - counts.accepted - counts.rejected,
        rejected_by_reason=counts.rejected_by_reason,
        event_days=_iso(lake.days_of(lake.landed(file.name, landing))),
        touched_days=_touched_days(spark, lake, file.name, landing, was_published),
    )
    _replace_landing(lake, summary)
    # A file that was replaced while it was read is left to its own landing.
    if counts.users_erased and fingerprint(file) == found:
        summary = _scrub(lake, file, summary, erased)
    return summary


def withdraw_batch(
    spark: SparkSession, lake: Lake, file: Path, *, landing: int, was_published: bool = False
) -> BatchSummary:
    """Replace the batch of a file that was put away by an empty landing.

    `was_published` as for `land_batch`.
    """
    summary = BatchSummary(
        batch=file.name,
        landing=landing,
        fingerprint=fingerprint(file),
        withdrawn=True,
        read=0,
        accepted=0,
        rejected=0,
        duplicates=0,
        rejected_by_reason={},
        event_days=[],
        touched_days=_touched_days(spark, lake, file.name, landing, was_published),
    )
    _replace_landing(lake, summary)
    return summary


@dataclass(frozen=True, slots=True)
class _Counts:
    read: int
    accepted: int
    rejected: int
    rejected_by_reason: dict[str, int]
    users_erased: bool


def _count(checked: DataFrame, batch: str) -> _Counts:
    is_valid = f.col("reasons").isNull()
    is_frozen = f.col("frozen").isNotNull()
    [counts] = checked.agg(
        f.count("*").alias("read"),
        f.count_if(~is_valid).alias("rejected"),
        f.count_distinct("message_id").alias("accepted"),
        f.sum(f.array_size("reasons")).alias("reasons"),
        f.max(f.array_contains("reasons", USER_ERASED)).alias("users_erased"),
        f.max(f.when(is_frozen, f.struct("position", "frozen"))).alias("frozen"),
    ).collect()
    if counts["frozen"]:
        raise ContractFrozen(batch, *counts["frozen"])
    named = (
        checked.select(f.explode("reasons").alias("reason"))
        .groupBy("reason")
        .count()
        .orderBy(f.desc("count"), "reason")
        .limit(MAX_REASONS)
        .collect()
    )
    by_reason = {row["reason"]: row["count"] for row in named}
    if others := (counts["reasons"] or 0) - sum(by_reason.values()):
        by_reason[OTHER_REASONS] = others
    return _Counts(
        read=counts["read"],
        accepted=counts["accepted"],
        rejected=counts["rejected"],
        rejected_by_reason=by_reason,
        users_erased=bool(counts["users_erased"]),
    )


def _write(checked: DataFrame, lake: Lake, batch: str, landing: int) -> None:
    valid = checked.where(f.col("reasons").isNull())
    last = Window.partitionBy("message_id").orderBy(f.desc("position"))
    accepted = (
        valid.withColumn("repeat", f.row_number().over(last))
        .where(f.col("repeat") == 1)
        .select(LANDED_EVENT_SCHEMA.names)
    )
    accepted.repartition("event_day").write.mode("overwrite").partitionBy("event_day").parquet(
        str(lake.landed(batch, landing))
    )
    rejected = checked.where(f.col("reasons").isNotNull()).select(REJECTED_EVENT_SCHEMA.names)
    rejected.coalesce(1).write.mode("overwrite").parquet(str(lake.rejected(batch, landing)))


def _touched_days(
    spark: SparkSession, lake: Lake, batch: str, landing: int, was_published: bool
) -> list[str]:
    """The days that the batch had and has, and those on which another batch holds one of its
    messages: which of them counts may change. Days that it touched before it was published are
    still to be refreshed."""
    previous = lake.summary(batch)
    days = {day.isoformat() for day in lake.days_of(lake.landed(batch, landing))}
    folders = [lake.landed(batch, landing) / f"event_day={day}" for day in days]
    if previous:
        earlier = lake.landed(batch, previous.landing)
        folders += [earlier / f"event_day={day}" for day in previous.event_days]
        days.update(previous.event_days)
        if not was_published:
            days.update(previous.touched_days)
    others = [each for each in lake.summaries() if each.batch != batch and each.event_days]
    if folders and others:
        messages = read_day_folders(spark, lake, folders).select("message_id")
        shared = read_landings(spark, lake, others).join(messages, "message_id", "left_semi")
        found = shared.select("event_day").distinct().collect()
        days.update(_iso(row["event_day"] for row in found))
    return sorted(days)


def _scrub(lake: Lake, file: Path, summary: BatchSummary, erased: ErasedSubjects) -> BatchSummary:
    """The summary says what the file will be before it is: the landing sensor, which may look
    at any moment, must not take it for a new one."""

    def announce(found: str) -> None:
        nonlocal summary
        summary = replace(summary, fingerprint=found)
        lake.write_summary(summary)

    scrub_file(file, erased.includes, None, before_replacing=announce)
    return summary


def _replace_landing(lake: Lake, summary: BatchSummary) -> None:
    lake.write_summary(summary)
    for landing in (
        lake.landed(summary.batch, summary.landing),
        lake.rejected(summary.batch, summary.landing),
    ):
        for earlier in landing.parent.glob("landing=*"):
            if earlier != landing:
                shutil.rmtree(earlier)


def _iso(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in days]

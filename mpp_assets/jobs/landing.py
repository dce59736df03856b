"""Landing: each file becomes a batch of accepted and rejected events.

A landing is written beside the batch's earlier one. Replacing the batch's summary
makes it the one that counts; until then nothing that a reader finds has changed.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.landed_events import day_folders, read_day_folders
from mpp_assets.jobs.record_checks import (
    LANDING_FOLDER_SCHEMA,
    FileCounts,
    Landing,
    check_records,
)
from mpp_assets.jobs.scrubbing import scrub_file
from mpp_stores.contract import Contract
from mpp_stores.lake import (
    LANDED_EVENT_SCHEMA,
    REJECTED_EVENT_SCHEMA,
    BatchSummary,
    Lake,
    fingerprint,
)
from mpp_stores.postgres.erasures import ErasedSubjects

_FILES_A_GROUP = 100
_BYTES_A_GROUP = 64_000_000

NOT_SCRUBBED = ""
"""Instead of the fingerprint of a file that still holds records of erased users. No file has it,
so that the landing sensor asks for the file again where it cannot be rewritten."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of some files: the batches that landed, and by batch why others did not."""

    summaries: list[BatchSummary]
    failures: dict[str, str]


def in_groups(landings: Iterable[Landing]) -> Iterator[list[Landing]]:
    """Those that are landed together, in order: many small files, or a large one."""
    group: list[Landing] = []
    size = 0
    for landing in landings:
        group.append(landing)
        size += landing.file.stat().st_size if landing.file.exists() else 0
        if len(group) == _FILES_A_GROUP or size >= _BYTES_A_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def land_files(
    spark: SparkSession,
    lake: Lake,
    landings: Sequence[Landing],
    *,
    contract: Contract,
    erased: ErasedSubjects,
) -> Landed:
    """Parse, normalise and validate landed files; replace their batches in the lake.

    A batch is named by its file. Of valid records with the same message_id the last one in
    the file counts, the others are duplicates. Records of erased users are removed from the
    file itself. A file that is not there, cannot be read or holds what the contract freezes
    on fails, and leaves its batch as it was.

    Each of Spark's steps is for all files together: of a hundred small ones it takes little
    longer than of one.
    """
    found = {each.file: fingerprint(each.file) for each in landings if each.file.is_file()}
    there = [each for each in landings if each.file in found]
    checked = check_records(spark, there, contract, erased).persist(StorageLevel.DISK_ONLY)
    try:
        counts = _count(checked)
        failures = {
            each.file.name: f"no file {each.file}; land it again"
            for each in landings
            if each.file not in found
        } | {batch: count.failure for batch, (count, _) in counts.items() if count.failure}
        landable = [each for each in there if each.file.name not in failures]
        _write(checked.where(~f.col("batch").isin(*failures)), lake)
    finally:
        checked.unpersist()
    touched = _touched_days(spark, lake, landable)
    summaries = []
    for each in landable:
        batch = each.file.name
        count, accepted = counts[batch]
        summary = BatchSummary(
            batch=batch,
            landing=each.number,
            fingerprint=NOT_SCRUBBED if count.users_erased else found[each.file],
            withdrawn=False,
            read=count.read,
            accepted=accepted,
            rejected=count.rejected,
            duplicates=count.read - accepted - count.rejected,
            rejected_by_reason=count.rejected_by_reason,
            event_days=_iso(lake.days_of(lake.landed(batch, each.number))),
            touched_days=touched[batch],
        )
        _replace_landing(lake, summary)
        try:
            # A file that was replaced while it was read is left to its own landing.
            if count.users_erased and fingerprint(each.file) == found[each.file]:
                summary = _scrub(lake, each.file, summary, erased)
        except OSError as error:
            failures[batch] = f"erased users are still in the file: {error}"
        else:
            summaries.append(summary)
    return Landed(summaries, failures)


def withdraw_files(
    spark: SparkSession, lake: Lake, landings: Sequence[Landing]
) -> list[BatchSummary]:
    """Replace the batches of files that were put away by empty landings."""
    touched = _touched_days(spark, lake, landings)
    summaries = [
        BatchSummary(
            batch=each.file.name,
            landing=each.number,
            fingerprint=fingerprint(each.file),
            withdrawn=True,
            read=0,
            accepted=0,
            rejected=0,
            duplicates=0,
            rejected_by_reason={},
            event_days=[],
            touched_days=touched[each.file.name],
        )
        for each in landings
    ]
    for summary in summaries:
        _replace_landing(lake, summary)
    return summaries


def _count(checked: DataFrame) -> dict[str, tuple[FileCounts, int]]:
    """By batch, what was counted and how many messages are accepted."""
    counted = checked.groupBy("batch").agg(
        f.max("counts").alias("counts"), f.count_distinct("message_id").alias("accepted")
    )
    return {
        row["batch"]: (FileCounts.from_json(row["counts"]), row["accepted"])
        for row in counted.collect()
    }


def _write(checked: DataFrame, lake: Lake) -> None:
    """The accepted and the rejected records of their landings: of each one file a day, and one in
    order of position."""
    folder = LANDING_FOLDER_SCHEMA.names
    last = Window.partitionBy("batch", "message_id").orderBy(f.desc("position"))
    (
        checked.where(f.col("message_id").isNotNull())
        .withColumn("repeat", f.row_number().over(last))
        .where(f.col("repeat") == 1)
        .select(*folder, *LANDED_EVENT_SCHEMA.names)
        .repartition(*folder, "event_day")
        .write.mode("append")
        .partitionBy(*folder, "event_day")
        .parquet(str(lake.landed_events))
    )
    (
        checked.where(f.col("reasons").isNotNull())
        .select(*folder, *REJECTED_EVENT_SCHEMA.names)
        .sortWithinPartitions(*folder, "position")
        .write.mode("append")
        .partitionBy(*folder)
        .parquet(str(lake.rejected_events))
    )


def _touched_days(
    spark: SparkSession, lake: Lake, landings: Sequence[Landing]
) -> dict[str, list[str]]:
    """By batch, the days that it has and had, those that its messages leave, and those to which
    messages return that it had. Days that it touched before it was published are still to be
    refreshed."""
    found = ((each, lake.summary(each.file.name)) for each in landings)
    previous = {each: summary for each, summary in found if summary}
    days = {each: _iso(lake.days_of(lake.landed(each.file.name, each.number))) for each in landings}
    touched = {each.file.name: set(days[each]) for each in landings}
    for each, earlier in previous.items():
        touched[each.file.name].update(earlier.event_days)
        if not each.was_published:
            touched[each.file.name].update(earlier.touched_days)
    new = [
        lake.landed(each.file.name, each.number) / f"event_day={day}"
        for each in landings
        for day in days[each]
    ]
    old = day_folders(lake, previous.values())
    for batch, day in (*_left(spark, lake, new), *_returned_to(spark, lake, new, old)):
        touched[batch].add(day.isoformat())
    return {batch: sorted(found) for batch, found in touched.items()}


def _left(spark: SparkSession, lake: Lake, new: Sequence[Path]) -> Iterable[tuple[str, date]]:
    """Batches, and days on which conversation events hold one of their messages. Days that are
    not built yet are owed to whichever batch has the message."""
    if not (new and lake.conversation_events.exists()):
        return []
    messages = read_day_folders(spark, new, ["batch", "message_id"])
    events = read_conversation_events(spark, lake).select("message_id", "event_day")
    return events.join(messages, "message_id").select("batch", "event_day").distinct().collect()


def _returned_to(
    spark: SparkSession, lake: Lake, new: Sequence[Path], old: Sequence[Path]
) -> Iterable[tuple[str, date]]:
    """Batches, and days on which another batch holds a message that they had: its event may
    count again."""
    if not old:
        return []
    had = read_day_folders(spark, old, ["batch", "message_id"])
    everywhere = read_day_folders(
        spark,
        [*day_folders(lake, lake.summaries()), *new],
        ["batch", "message_id", "event_day"],
    )
    returned = everywhere.join(had.withColumnRenamed("batch", "had_by"), "message_id").where(
        f.col("batch") != f.col("had_by")
    )
    return returned.select("had_by", "event_day").distinct().collect()


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

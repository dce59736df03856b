"""Forgetting a user: out of the landed files, and then out of everything made of them.

Files are scrubbed first. The landing sensor lands the changed ones again; the refresh that
follows builds every touched day without the user, and publishes. What earlier releases
held and what the user made of replies is then dropped, the engines are asked to compact,
and every place is searched.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpp_assets.jobs.json_values import Decoded, decode_text
from mpp_assets.jobs.landing_files import is_settled
from mpp_assets.jobs.leftovers import remove_leftovers
from mpp_assets.jobs.mentions import Mention
from mpp_assets.jobs.retention import LANDED_EVENTS, drop_unneeded, unpublished_landings
from mpp_assets.jobs.scrubbing import remove_text_vectors, scrub_file
from mpp_stores import spool
from mpp_stores.events import users_of
from mpp_stores.lake import Lake, fingerprint, visible_files
from mpp_stores.postgres import feedback, materializations
from mpp_stores.postgres.compaction import compact
from mpp_stores.postgres.releases import retire
from mpp_stores.reports import HTML_NAME, JSON_NAME, NAMES
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target


def scrub_files(settings: StoreSettings, lake: Lake, user_id: str) -> dict[str, int]:
    """Rewrite every landed and withdrawn file that holds records of the user.

    Events that the API has spooled become such files before, whole at once. Returns how many
    files were rewritten and how many records removed. Safe to repeat.
    """
    spooled = spool.land_due(settings.landing, age=timedelta(0))
    files = {*_files(settings, lake), *(settings.landing / batch for batch in spooled)}
    removed = [scrub_file(file, lambda found: found == user_id, user_id) for file in sorted(files)]
    return {"files": sum(count > 0 for count in removed), "records": sum(removed)}


def is_published_without(settings: StoreSettings, lake: Lake, scrubbed_at: datetime) -> bool:
    """Whether a release holds the batches there were when the files were scrubbed, as they are
    now.

    Batches that landed since never held the user. Waiting for them as well could last as long
    as events keep coming. Neither do those hold the user that never landed: their files are
    scrubbed, or their landing rejects the user's events.
    """
    first_landed = materializations.first_begun(settings, LANDED_EVENTS)
    before = {batch for batch, begun_at in first_landed.items() if begun_at <= scrubbed_at}
    fingerprints = {batch.batch: batch.fingerprint for batch in lake.summaries()}
    landed = all(
        fingerprints[file.name] == fingerprint(file)
        for file in visible_files(settings.landing)
        if file.name in before and file.name in fingerprints
    )
    owed = any(
        batch.touched_days
        for batch in unpublished_landings(settings, lake)
        if batch.batch in before
    )
    return landed and not owed


def drop_remains(settings: StoreSettings, lake: Lake, user_id: str, run_id: str) -> dict[str, Any]:
    """Drop the user's feedback, what the served release does not need, cached replies included,
    and what interrupted writes left in the lake, and compact.

    Returns counts by place, and by engine whether it could be told to compact.
    """
    # Drivers that no other run needs.
    from mpp_stores.mongo.writer import Conversations  # noqa: PLC0415
    from mpp_stores.redis.purge import purge  # noqa: PLC0415

    # Not the last published one: where an earlier release is served again, the user is found in
    # it, and going on to the last is the way out.
    retire(settings, keep=1)
    dropped = drop_unneeded(settings, run_id)
    interrupted = remove_leftovers(lake)
    feedback_rows = feedback.delete_user(settings, user_id)
    compacted = {"postgres": compact(settings)}
    with Conversations(settings) as conversations:
        compacted["mongo"] = conversations.compact()
    return {
        "rows_of_earlier_releases": dropped,
        "interrupted_writes": interrupted,
        **feedback_rows,
        "text_vectors": remove_text_vectors(lake, _unused_text_hashes(lake)),
        "cached_replies": purge(settings),
        "compacted": compacted,
    }


def remaining(settings: StoreSettings, lake: Lake, user_id: str) -> dict[str, int]:
    """Rows, records or files that still hold the user, by place: all 0 after an erasure."""
    found = {}
    for name in TARGETS:
        with open_target(name, settings) as target:
            target.prepare()
            found[name] = target.rows_of_user(user_id)
    found["postgres/feedback"] = feedback.rows_of_user(settings, user_id)
    for dataset in (
        lake.landed_events,
        lake.conversation_events,
        lake.message_embeddings,
        lake.written("neo4j/engaged_with"),
    ):
        found[f"lake/{dataset.relative_to(lake.root)}"] = _rows_of_user(dataset, user_id)
    mention = Mention(user_id)
    found["lake/rejected_events"] = sum(
        _is_about(record, user_id, mention)
        for records in _values(lake.rejected_events, "record")
        for record in map(str, records.to_pylist())
    )
    found["files"] = sum(
        scrub_file(file, lambda found: found == user_id, user_id) > 0
        for file in _files(settings, lake)
    )
    found["spooled events"] = spool.rows_of_user(settings.landing, user_id)
    found["reports"] = _reports_of(user_id, mention, settings.reports, lake)
    return found


def _is_about(rejected: str, user_id: str, mention: Mention) -> bool:
    """Whose record it is, if it says so; else whether it mentions the user."""
    found = decode_text(rejected)
    users = users_of(found.value) if isinstance(found, Decoded) else set()
    return user_id in users if users else mention.occurs_in([rejected])


def _reports_of(user_id: str, mention: Mention, reports: Path, lake: Lake) -> int:
    """How many files of reports hold the user.

    A report names users in `top_users` only. Its example messages are texts without a user: one
    that no event has any more may be theirs, one that an event has is somebody else's as well.
    All else are counts, campaigns, batches, and words of the topics, which are as new as the
    examples: no release has a report that is older than what it is made of. A page says what the
    JSON beside it says, if both are of one run. What an interrupted write left is searched as
    text.
    """
    written = {file: json.loads(file.read_bytes()) for file in reports.rglob(JSON_NAME)}
    unsaid = {text for report in written.values() for text in _examples(report)}
    for texts in _values(lake.conversation_events, "text"):
        unsaid.difference_update(texts.to_pylist())

    def holds_user(file: Path) -> bool:
        text = file.read_text()
        report = written.get(file.with_name(JSON_NAME))
        if report is None or file.name not in NAMES:
            return mention.occurs_in([text])
        if file.name == HTML_NAME:
            return report["dagster_run_id"] not in text
        is_named = any(user["user_id"] == user_id for user in report["top_users"])
        return is_named or not unsaid.isdisjoint(_examples(report))

    return sum(holds_user(file) for file in reports.rglob("*") if file.is_file())


def _examples(report: dict[str, Any]) -> list[str]:
    return [text for topic in report["topics"] for text in topic["example_messages"]]


def _rows_of_user(dataset: Path, user_id: str) -> int:
    return sum(
        len(users.filter(pc.equal(users, pa.scalar(user_id))))
        for users in _values(dataset, "user_id")
    )


def _unused_text_hashes(lake: Lake) -> pa.ChunkedArray:
    """Of the embedded texts, those that no message has: hexadecimal SHA-256."""
    embedded = _values(lake.root / "text_vectors", "text_hash")
    unused = pa.chunked_array(
        [chunk for hashes in embedded for chunk in hashes.chunks], pa.string()
    )
    for texts in _values(lake.conversation_events, "text"):
        said = [hashlib.sha256(str(text).encode()).hexdigest() for text in texts.to_pylist()]
        unused = unused.filter(pc.invert(pc.is_in(unused, pa.array(said, pa.string()))))
    return unused


def _values(dataset: Path, column: str) -> Iterator[pa.ChunkedArray]:
    """A column of every Parquet file below, one row group at a time: also of files in folders
    that Spark and Arrow pass over."""
    for file in sorted(dataset.rglob("*.parquet")):
        with pq.ParquetFile(file) as parquet:
            for group in range(parquet.num_row_groups):
                yield parquet.read_row_group(group, columns=[column])[column]


def _files(settings: StoreSettings, lake: Lake) -> Iterator[Path]:
    """Landed and withdrawn ones, and those that are to land but for what may still be written to.

    Whoever writes would go on in a file that was replaced, and the rest would be lost. Such a file
    does no harm to an erasure: its landing rejects the user's records and removes them, as that of
    a file which comes later.
    """
    for file in visible_files(settings.landing):
        if is_settled(file, time()) or _is_landed(file, lake):
            yield file
    yield from visible_files(settings.withdrawn)


def _is_landed(file: Path, lake: Lake) -> bool:
    """As it is now: no landing is to come."""
    summary = lake.summary(file.name)
    return summary is not None and summary.fingerprint == fingerprint(file)

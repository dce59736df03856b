"""The chain from a recommendation back to the files that it was made from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mpp_local.batches.served import LANDED_EVENTS
from mpp_stores.lake import BatchSummary
from mpp_stores.records import ConversationDocument, Materialization, Release

BEHIND_A_RECOMMENDATION = (
    "milvus/user_profiles",
    "milvus/messages",
    "neo4j/engaged_with",
    "postgres/user_engagement",
    "postgres/campaign_performance",
    "mongo/conversations",
    "lake/message_embeddings",
    "lake/conversation_events",
)
"""The assets that are read to make one, and those of the lake that they were made from."""


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """`is_cited`: the explanation shows it; else it is the user's own in the campaign.
    `position` is the record's in the file."""

    message_id: str
    user_id: str
    event_day: date
    is_cited: bool
    batch: str
    file: Path
    position: int


@dataclass(frozen=True, slots=True)
class TracedBatch:
    """`landing` is the one that the release holds. `fingerprint` is that of the file which it
    read; None when the batch landed again since, and so was another's."""

    batch: str
    file: Path
    landing: Materialization | None
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Trace:
    """`item` is the API's, whole. `materializations` are those of `BEHIND_A_RECOMMENDATION`, of
    the days of `messages` only."""

    user_id: str
    item: Mapping[str, Any]
    release: Release
    materializations: Sequence[Materialization]
    messages: Sequence[TracedMessage]
    batches: Sequence[TracedBatch]


@dataclass(frozen=True, slots=True)
class LandedFiles:
    """The two folders that a batch's file can be in."""

    landing: Path
    withdrawn: Path

    def file(self, batch: str) -> Path:
        moved = self.withdrawn / batch
        landed = self.landing / batch
        return moved if moved.exists() and not landed.exists() else landed


def build_trace(
    user_id: str,
    item: Mapping[str, Any],
    *,
    release: Release,
    contents: Sequence[Materialization],
    messages: Sequence[ConversationDocument],
    files: LandedFiles,
    summary_of: Callable[[str], BatchSummary | None],
) -> Trace:
    """`contents` are the release's; `messages` those that it holds, cited and the user's own."""
    cited = cited_messages(item)
    traced = [
        TracedMessage(
            message_id=message.message_id,
            user_id=message.user_id,
            event_day=message.event_day,
            is_cited=message.message_id in cited,
            batch=message.batch,
            file=files.file(message.batch),
            position=message.position,
        )
        for message in messages
    ]
    landings = {each.partition: each for each in contents if each.asset == LANDED_EVENTS}
    return Trace(
        user_id=user_id,
        item=item,
        release=release,
        materializations=_behind(contents, {message.event_day for message in traced}),
        messages=traced,
        batches=[
            _batch(batch, landings.get(batch), files, summary_of(batch))
            for batch in dict.fromkeys(message.batch for message in traced)
        ],
    )


def cited_messages(item: Mapping[str, Any]) -> list[str]:
    return [message["message_id"] for message in item["explanation"]["messages"]]


def _behind(contents: Sequence[Materialization], days: Collection[date]) -> list[Materialization]:
    partitions = {"", *(day.isoformat() for day in days)}
    concerned = [
        each
        for each in contents
        if each.asset in BEHIND_A_RECOMMENDATION and each.partition in partitions
    ]
    return sorted(
        concerned, key=lambda each: (BEHIND_A_RECOMMENDATION.index(each.asset), each.partition)
    )


def _batch(
    batch: str, landing: Materialization | None, files: LandedFiles, summary: BatchSummary | None
) -> TracedBatch:
    is_latest = landing and summary and summary.landing == landing.materialization
    fingerprint = summary.fingerprint if summary and is_latest else None
    return TracedBatch(batch, files.file(batch), landing, fingerprint)

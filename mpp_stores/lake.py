"""Names and shapes of the Parquet lake, the pipeline's own store.

    lake/
      batches/<key>.json                                 what landed of one file, and where
      landed_events/batch_key=<key>/landing=<n>/event_day=<day>/    its accepted records
      rejected_events/batch_key=<key>/landing=<n>/       its records that failed validation, whole
      conversation_events/event_day=<day>/               one row a message_id, over all batches
      message_embeddings/event_day=<day>/                the same rows with vectors and model
      text_vectors/model=<key>/                          every text embedded so far, by its hash
      written/<target>/materialization=<n>/              what a target was given last, where only
                                                         what changed is written to it

A batch is named by its file; `batch_key` is a hash of that name, so that any
file name is a valid folder. Landing a file again writes a new `landing` and then
replaces the batch's JSON, which names the one that counts: a reader finds the
old landing or the new one, never half of one.
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mpp_stores.events import FIRST_EVENT_DAY
from mpp_stores.records import (
    CONVERSATION_DOCUMENT_SCHEMA,
    MESSAGE_VECTOR_SCHEMA,
    UTC_TIMESTAMP,
    column,
    columns,
)
from mpp_stores.whole_file import replacing

# Conversation events carry landed_at so that the latest batch wins for a message_id.
LANDED_EVENT_SCHEMA = CONVERSATION_DOCUMENT_SCHEMA.append(
    column("landed_at", UTC_TIMESTAMP, "When the file was modified last")
)
CONVERSATION_EVENT_SCHEMA = CONVERSATION_DOCUMENT_SCHEMA
MESSAGE_EMBEDDING_SCHEMA = MESSAGE_VECTOR_SCHEMA.append(
    column("embedding_model", pa.string(), "Name or path of the model that the vector is of")
)

REJECTED_EVENT_SCHEMA = columns(
    CONVERSATION_DOCUMENT_SCHEMA.field("batch"),
    CONVERSATION_DOCUMENT_SCHEMA.field("position"),
    column("reasons", pa.list_(pa.string()), "What is wrong with the record"),
    column("record", pa.string(), "The input as it was"),
)

TEXT_VECTOR_SCHEMA = columns(
    column("text_hash", pa.string(), "Hexadecimal SHA-256 of the text"),
    MESSAGE_VECTOR_SCHEMA.field("embedding"),
)


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What landed of one file. Counts: read = accepted + rejected + duplicates.

    `duplicates` are valid records whose message_id came again later in the same
    file. `event_days` are the days whose events the batch holds; `touched_days`
    adds those whose events it held before, those on which another batch's event of one of
    its messages counted or may count now, and those that earlier landings of the file
    touched and no release held by then.

    `landing` is the number of the materialization of lake/landed_events that wrote it.
    `fingerprint` is the file's, as it was read (see `fingerprint`); it is empty while the file
    has yet to be rewritten without erased users. A withdrawn batch has no events.
    """

    batch: str
    landing: int
    fingerprint: str
    withdrawn: bool
    read: int
    accepted: int
    rejected: int
    duplicates: int
    rejected_by_reason: dict[str, int]
    event_days: list[str]
    touched_days: list[str]


class Lake:
    """Where each dataset is. `root` must be seen by the driver and every executor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.batches = root / "batches"
        self.landed_events = root / "landed_events"
        self.rejected_events = root / "rejected_events"
        self.conversation_events = root / "conversation_events"
        self.message_embeddings = root / "message_embeddings"

    def landed(self, batch: str, landing: int) -> Path:
        return self.landed_events / f"batch_key={batch_key(batch)}" / f"landing={landing}"

    def rejected(self, batch: str, landing: int) -> Path:
        return self.rejected_events / f"batch_key={batch_key(batch)}" / f"landing={landing}"

    def text_vectors(self, model: str) -> Path:
        return self.root / "text_vectors" / f"model={batch_key(model)}"

    def written(self, target: str) -> Path:
        return self.root / "written" / target

    def write_summary(self, summary: BatchSummary) -> None:
        """Make the summary's landing the one that counts, in one step."""
        self.batches.mkdir(parents=True, exist_ok=True)
        path = self._summary_file(summary.batch)
        with replacing(path, mode=0o666) as file:
            file.write(json.dumps(asdict(summary), indent=2, ensure_ascii=False).encode())

    def summary(self, batch: str) -> BatchSummary | None:
        """None for a batch that never landed."""
        try:
            return _summary_in(self._summary_file(batch))
        except FileNotFoundError:
            return None

    def landed_at(self, summary: BatchSummary) -> float:
        """When the summary was written, in seconds since 1970."""
        return self._summary_file(summary.batch).stat().st_mtime

    def summaries(self) -> list[BatchSummary]:
        """Of every batch, withdrawn ones included, by batch name."""
        found = map(_summary_in, self.batches.glob("*.json"))
        return sorted(found, key=lambda summary: summary.batch)

    def data_through(self) -> date:
        """The last day that has events; where no day has, the first that events may be of."""
        days = self.days_of(self.conversation_events)
        return days[-1] if days else FIRST_EVENT_DAY

    def days_by_embedding_model(self) -> dict[str, list[date]]:
        """Of the message embeddings; days in order. The files' statistics say it, none is read."""
        found: dict[str, list[date]] = {}
        for day in self.days_of(self.message_embeddings):
            files = (self.message_embeddings / f"event_day={day}").glob("*.parquet")
            for model in sorted({model for file in files for model in _models_in(file)}):
                found.setdefault(model, []).append(day)
        return found

    def days_of(self, dataset: Path) -> list[date]:
        """The event days that a dataset, or a landing, has rows for; in order."""
        prefix = "event_day="
        return sorted(
            date.fromisoformat(path.name.removeprefix(prefix))
            for path in dataset.glob(f"{prefix}*")
        )

    def _summary_file(self, batch: str) -> Path:
        return self.batches / f"{batch_key(batch)}.json"


def _summary_in(file: Path) -> BatchSummary:
    """Sensors ask for all of them every few seconds: none is read again that was not replaced."""
    status = file.stat()
    return _read_summary(file, status.st_ino, status.st_mtime_ns)


@functools.lru_cache(maxsize=100_000)
def _read_summary(file: Path, inode: int, modified_ns: int) -> BatchSummary:
    return BatchSummary(**json.loads(file.read_text()))


def batch_key(name: str) -> str:
    """16 hexadecimal digits that stand for a name in a path."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def fingerprint(file: Path) -> str:
    """What changes when a file is written anew: its size in bytes and its modification time."""
    status = file.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def _models_in(file: Path) -> set[str]:
    """Those that a file of message embeddings names; "" where an earlier version named none."""
    metadata = pq.read_metadata(file)
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    columns = (group.column(index) for group in groups for index in range(metadata.num_columns))
    statistics = (
        column.statistics for column in columns if column.path_in_schema == "embedding_model"
    )
    found = {str(model) for each in statistics if each for model in (each.min, each.max)}
    return found or ({""} if metadata.num_rows else set())


def visible_files(folder: Path) -> list[Path]:
    """The files of the landing folder, or of the withdrawn ones, by name. Hidden ones are still
    being copied; a folder that is not there yet has none."""
    if not folder.is_dir():
        return []
    return sorted(f for f in folder.iterdir() if not f.name.startswith(".") and f.is_file())

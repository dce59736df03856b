"""The `conversations` collection: its name, indexes and documents.

    {
      _id: "17/m1",
      message_id: "m1", materialization: 17, identity_hash: 3226732335,
      user_id: "u1", campaign_id: "spring", text: "…",
      sent_at: ISODate("2024-03-01T08:30:00.123Z"),
      sent_at_us: 1709281800123457,
      event_day: "2024-03-01",
      batch: "…", position: 17,
      attributes: { … }
    }

A message has one document in each materialization of its day.

A BSON date ends at the millisecond. `sent_at` is for people and date operators;
`sent_at_us`, microseconds since 1970 UTC, is what we sort by and read back.
`attributes` is described in `mpp_stores.mongo.attributes`, `identity_hash` in
`mpp_stores.target`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import pyarrow as pa
from pymongo import ASCENDING, DESCENDING, IndexModel

from mpp_stores.mongo import attributes
from mpp_stores.records import (
    CONVERSATION_DOCUMENT_SCHEMA,
    ConversationDocument,
)
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, identity_hash
from mpp_stores.unix_time import from_microseconds, to_microseconds

CONVERSATIONS: Final = "conversations"

KEY: Final = ("message_id",)

# MongoDB needs neither of the first two: it finds a materialization and a user by the last two
# as well, and the newest messages in order. NX-27017 scans where an index has several fields.
INDEXES: Final = (
    IndexModel([("materialization", ASCENDING)]),
    IndexModel([("user_id", ASCENDING)]),
    IndexModel([("message_id", ASCENDING)]),
    IndexModel(
        [("materialization", ASCENDING), ("sent_at_us", DESCENDING), ("message_id", DESCENDING)]
    ),
    IndexModel([("user_id", ASCENDING), ("sent_at_us", DESCENDING), ("message_id", DESCENDING)]),
)
FORMER_INDEX: Final = ("user_id", "sent_at_us")
"""The fields of the last one in earlier versions: by it, all messages of a user were sorted."""

Document = Mapping[str, Any]


def document_id(materialization: int, message_id: str) -> str:
    return f"{materialization}/{message_id}"


def of_materializations(materializations: Sequence[int]) -> dict[str, Any]:
    """The condition that a document belongs to one of them. NX-27017 finds equal numbers by the
    index, and for `$in` reads everything."""
    if len(materializations) == 1:
        return {MATERIALIZATION: materializations[0]}
    return {MATERIALIZATION: {"$in": list(materializations)}}


def documents(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a `CONVERSATION_DOCUMENT_SCHEMA` and `MATERIALIZATION` batch as documents."""
    return [
        {
            "_id": document_id(row[MATERIALIZATION], row["message_id"]),
            "message_id": row["message_id"],
            MATERIALIZATION: row[MATERIALIZATION],
            IDENTITY_HASH: identity_hash([row[column] for column in KEY]),
            "user_id": row["user_id"],
            "campaign_id": row["campaign_id"],
            "text": row["text"],
            "sent_at": row["sent_at"],
            "sent_at_us": to_microseconds(row["sent_at"]),
            "event_day": row["event_day"].isoformat(),
            "batch": row["batch"],
            "position": row["position"],
            "attributes": attributes.to_document(row["attributes"]),
        }
        for row in batch.to_pylist()
    ]


def batch_of(found: Iterable[Document]) -> pa.RecordBatch:
    """The reverse of `documents`, without the materialization."""
    rows = [
        {
            **document,
            "sent_at": from_microseconds(document["sent_at_us"]),
            "event_day": date.fromisoformat(document["event_day"]),
            "attributes": attributes.to_text(document["attributes"]),
        }
        for document in found
    ]
    return pa.RecordBatch.from_pylist(rows, schema=CONVERSATION_DOCUMENT_SCHEMA)


def record_of(document: Document) -> ConversationDocument:
    return ConversationDocument(
        message_id=document["message_id"],
        user_id=document["user_id"],
        campaign_id=document["campaign_id"],
        text=document["text"],
        sent_at=from_microseconds(document["sent_at_us"]),
        event_day=date.fromisoformat(document["event_day"]),
        batch=document["batch"],
        position=document["position"],
        attributes=attributes.from_document(document["attributes"]) or {},
    )

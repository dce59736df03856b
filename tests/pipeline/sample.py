"""What the tests know of the files in data/."""

import json
from collections.abc import Iterator
from typing import Any

from tests.pipeline.commands import PROJECT_ROOT

SEED = "seed_conversations.json"
SEED_DAY = "2026-11-18"
LATE_DAY = "2026-11-17"

DAILY = (
    "lake/conversation_events",
    "lake/message_embeddings",
    "milvus/messages",
    "neo4j/messages",
    "mongo/conversations",
    "postgres/daily_activity",
)


def of_days(*days: str) -> Iterator[dict[str, Any]]:
    """The records of the sample whose timestamp is a text that begins with one of the days."""
    sample = json.loads((PROJECT_ROOT / "data/sample_conversations.json").read_text())
    for record in sample:
        if isinstance(record, dict) and str(record.get("timestamp")).startswith(days):
            yield record

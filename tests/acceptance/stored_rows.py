"""Everything the stores hold, to be compared row by row."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from mpp_stores.lake import Lake
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target


def stored_rows(settings: StoreSettings) -> dict[str, list[str]]:
    """Of every target and lake dataset, each row as text, sorted."""
    rows = {}
    for name in TARGETS:
        with open_target(name, settings) as target:
            rows[name] = _sorted(row for batch in target.read() for row in batch.to_pylist())
    lake = Lake(settings.lake)
    for path in (lake.landed_events, lake.conversation_events, lake.message_embeddings):
        table = ds.dataset(path, partitioning="hive").to_table()
        rows[f"lake/{path.name}"] = _sorted(table.to_pylist())
    return rows


def message_ids(settings: StoreSettings, target_name: str) -> set[str]:
    with open_target(target_name, settings) as target:
        return {id_ for batch in target.read() for id_ in batch.column("message_id").to_pylist()}


def report(settings: StoreSettings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(settings.reports, "analytics_report.json").read_text())
    return found


def _sorted(rows: Any) -> list[str]:
    return sorted(repr(row) for row in rows)

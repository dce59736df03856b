"""Everything the stores hold, to be compared row by row."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from mpp_stores.lake import Lake
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target
from tests.acceptance.releases import numbers


def rows_of(settings: StoreSettings, target_name: str) -> list[dict[str, Any]]:
    """The target's rows in the served release."""
    served = numbers(settings, target_name).values()
    with open_target(target_name, settings) as target:
        return [row for batch in target.read(list(served)) for row in batch.to_pylist()]


def stored_rows(settings: StoreSettings) -> dict[str, list[str]]:
    """Of every target and lake dataset, each row as text, sorted."""
    rows = {name: _sorted(rows_of(settings, name)) for name in TARGETS}
    lake = Lake(settings.lake)
    for path in (lake.conversation_events, lake.message_embeddings):
        table = ds.dataset(path, partitioning="hive").to_table()
        rows[f"lake/{path.name}"] = _sorted(table.to_pylist())
    return rows


def message_ids(settings: StoreSettings, target_name: str) -> set[str]:
    return {row["message_id"] for row in rows_of(settings, target_name)}


def report(settings: StoreSettings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(settings.reports, "analytics_report.json").read_text())
    return found


def _sorted(rows: Any) -> list[str]:
    return sorted(repr(row) for row in rows)

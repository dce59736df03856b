"""Everything the stores hold, to be compared row by row."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from mpp_stores.lake import Lake
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target
from tests.pipeline.releases import numbers


def rows_of(settings: StoreSettings, target_name: str) -> list[dict[str, Any]]:
    """The target's rows in the served release."""
    served = numbers(settings, target_name).values()
    with open_target(target_name, settings) as target:
        return [row for batch in target.read(list(served)) for row in batch.to_pylist()]


def all_rows(settings: StoreSettings) -> dict[str, list[dict[str, Any]]]:
    """The rows of every target in the served release, and of every lake dataset."""
    rows = {name: rows_of(settings, name) for name in TARGETS}
    lake = Lake(settings.lake)
    for path in (lake.conversation_events, lake.message_embeddings):
        rows[f"lake/{path.name}"] = ds.dataset(path, partitioning="hive").to_table().to_pylist()
    return rows


def stored_rows(settings: StoreSettings) -> dict[str, list[str]]:
    """The same, each row as text, sorted."""
    return {name: sorted(map(repr, rows)) for name, rows in all_rows(settings).items()}


def message_ids(settings: StoreSettings, target_name: str) -> set[str]:
    return {row["message_id"] for row in rows_of(settings, target_name)}


def report(settings: StoreSettings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(settings.reports, "analytics_report.json").read_text())
    return found

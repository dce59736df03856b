"""Rows in the stores as the pipeline writes them.

The numbers of a database of the tests' own start at random, far from those of
whatever else is in the stores that it shares.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mpp_stores.neo4j.writer import EngagedWithEdges
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.materializations import begin, complete
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION
from mpp_stores.targets import TARGETS, open_target

MESSAGES = ("milvus/messages", "neo4j/messages", "mongo/conversations")
BY_DAY = (*MESSAGES, "postgres/daily_activity")


def start_numbers_far_away(settings: StoreSettings) -> None:
    with connect(settings) as connection:
        tables.prepare(connection, tables.SCHEMA_NAME)
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('mpp.materializations', 'materialization'), %s)",
            (random.randrange(2**40, 2**50),),
        )


def write(
    settings: StoreSettings, asset: str, rows: Sequence[dict[str, Any]], dagster_run_id: str
) -> dict[str, int]:
    """A complete materialization of the rows' days, or of the asset. Columns that the target
    lacks are left out. Returns the number of each partition."""
    days = sorted({row["event_day"].isoformat() for row in rows}) if asset in BY_DAY else [""]
    numbers = begin(settings, asset=asset, partitions=days, dagster_run_id=dagster_run_id)
    with open_target(asset, settings) as target:
        target.prepare()
        if isinstance(target, EngagedWithEdges):
            target.begin(numbers[""], anew=True)
        target.write(_batch(rows, target.schema, numbers))
        complete(settings, target.digests(list(numbers.values())))
    return numbers


def drop_everything(settings: StoreSettings) -> None:
    """Out of the shared stores: all that this database has numbers of."""
    with connect(settings) as connection:
        numbers = connection.execute(
            "SELECT asset, array_agg(materialization) FROM mpp.materializations GROUP BY asset"
        ).fetchall()
    for asset, materializations in numbers:
        if asset not in TARGETS:
            continue
        with open_target(asset, settings) as target:
            target.drop(materializations)


def _batch(
    rows: Sequence[dict[str, Any]], schema: pa.Schema, numbers: Mapping[str, int]
) -> pa.RecordBatch:
    numbered = [
        {name: row[name] for name in schema.names}
        | {MATERIALIZATION: numbers.get("") or numbers[row["event_day"].isoformat()]}
        for row in rows
    ]
    return pa.RecordBatch.from_pylist(
        numbered, schema.append(pa.field(MATERIALIZATION, pa.int64()))
    )

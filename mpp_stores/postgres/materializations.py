"""The numbers that rows, releases and runs have in common.

A materialization is begun before its rows are written and completed after: what was
begun and never completed is what a failed run left behind.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from mpp_stores.errors import StoreRejected
from mpp_stores.postgres import materialization_queries as queries
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, STORE, connect, postgres_errors
from mpp_stores.records import Materialization
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest


def begin(
    settings: StoreSettings,
    *,
    asset: str,
    partitions: Sequence[str],
    dagster_run_id: str,
    schema_name: str = tables.SCHEMA_NAME,
) -> dict[str, int]:
    """A new number for each partition; `""` is an asset without partitions.

    Later numbers are greater, so what is made of something has a greater number than it.
    """
    values = {"asset": asset, "partitions": list(partitions), "dagster_run_id": dagster_run_id}
    with postgres_errors(f"number a materialization of {asset}"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        query = queries.BEGIN.format(schema=Identifier(schema_name))
        return dict(connection.execute(query, values).fetchall())


def complete(
    settings: StoreSettings,
    digests: Mapping[int, Digest],
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> None:
    """Let releases name these: all of their rows are written, and this is what they are.

    Raises `StoreRejected`, and completes none, where a number is not there: another run that
    dropped what was never completed has dropped its rows as well.
    """
    query = queries.COMPLETE.format(schema=Identifier(schema_name))
    attempted = "complete materializations"
    with (
        postgres_errors(attempted),
        connect(settings) as connection,
        connection.transaction(),
        connection.cursor() as cursor,
    ):
        cursor.executemany(query, completions(digests), returning=True)
        updated = [result.rowcount for result in cursor.results()]
        missing = [number for number, rows in zip(digests, updated, strict=True) if not rows]
        if missing:
            raise StoreRejected(STORE, attempted, f"never begun, or dropped since: {missing}")


def completions(digests: Mapping[int, Digest]) -> list[dict[str, int]]:
    """The values of `queries.COMPLETE`."""
    return [
        {
            "materialization": number,
            "row_count": digest.row_count,
            "identity_hash": digest.identity_hash,
        }
        for number, digest in digests.items()
    ]


def latest(
    settings: StoreSettings, asset: str, *, schema_name: str = tables.SCHEMA_NAME
) -> dict[str, Materialization]:
    """The completed materialization of greatest number of each partition, by partition."""
    query = queries.SELECT_LATEST.format(schema=Identifier(schema_name))
    with (
        postgres_errors(f"read the materializations of {asset}"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Materialization)) as cursor,
    ):
        try:
            found = cursor.execute(query, {"asset": asset}).fetchall()
        except NOTHING_WRITTEN_YET:
            return {}
    return {each.partition: each for each in found}


def unpublished(
    settings: StoreSettings, asset: str, *, schema_name: str = tables.SCHEMA_NAME
) -> dict[str, int]:
    """Of the partitions whose latest number the served release does not name: that number."""
    attempted = f"read what of {asset} is not published"
    return _by_partition(settings, attempted, queries.SELECT_UNPUBLISHED, asset, schema_name)


def left_behind(
    settings: StoreSettings,
    assets: Sequence[str],
    *,
    for_seconds: float = 0.0,
    schema_name: str = tables.SCHEMA_NAME,
) -> dict[int, str]:
    """Of the partitions of these assets whose latest number, completed or not, no release names:
    that number and the partition. Only of those begun at least `for_seconds` ago."""
    query = queries.SELECT_LEFT_BEHIND.format(schema=Identifier(schema_name))
    values = {"assets": list(assets), "for_seconds": for_seconds}
    with postgres_errors("read what no release names"), connect(settings) as connection:
        try:
            return dict(connection.execute(query, values).fetchall())
        except NOTHING_WRITTEN_YET:
            return {}


def held(
    settings: StoreSettings,
    asset: str,
    partitions: Sequence[str],
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> set[str]:
    """Those of these partitions of which a kept release has rows."""
    query = queries.SELECT_HELD.format(schema=Identifier(schema_name))
    values = {"asset": asset, "partitions": list(partitions)}
    with postgres_errors(f"read what releases hold of {asset}"), connect(settings) as connection:
        try:
            return {partition for (partition,) in connection.execute(query, values)}
        except NOTHING_WRITTEN_YET:
            return set()


def abandoned(
    settings: StoreSettings, asset: str, *, before: int, schema_name: str = tables.SCHEMA_NAME
) -> list[int]:
    """Numbers of the asset that were begun before this one and never completed."""
    query = queries.SELECT_ABANDONED.format(schema=Identifier(schema_name))
    with (
        postgres_errors(f"read what of {asset} was never completed"),
        connect(settings) as connection,
    ):
        found = connection.execute(query, {"asset": asset, "before": before}).fetchall()
    return [number for (number,) in found]


def first_begun(
    settings: StoreSettings, asset: str, *, schema_name: str = tables.SCHEMA_NAME
) -> dict[str, datetime]:
    """When each partition was first written, by partition, as far as its numbers are kept."""
    attempted = f"read when {asset} was first written"
    return _by_partition(settings, attempted, queries.SELECT_FIRST_BEGUN, asset, schema_name)


def _by_partition(
    settings: StoreSettings, attempted: str, query: SQL, asset: str, schema_name: str
) -> dict[str, Any]:
    """What a query of two columns finds, the first being the partition."""
    statement = query.format(schema=Identifier(schema_name))
    with postgres_errors(attempted), connect(settings) as connection:
        try:
            return dict(connection.execute(statement, {"asset": asset}).fetchall())
        except NOTHING_WRITTEN_YET:
            return {}


def droppable(
    settings: StoreSettings,
    *,
    except_run: str,
    in_place: Sequence[str] = (),
    schema_name: str = tables.SCHEMA_NAME,
) -> dict[str, list[int]]:
    """Numbers by asset that no kept release names and none will: those with a newer completed
    one, and those that a run other than `except_run` began and never completed. The latter not
    of the assets `in_place`: that they were begun is what `publish` looks for."""
    query = queries.SELECT_DROPPABLE.format(schema=Identifier(schema_name))
    found: dict[str, list[int]] = defaultdict(list)
    with postgres_errors("find what no release names"), connect(settings) as connection:
        try:
            values = {"except_run": except_run, "in_place": list(in_place)}
            rows = connection.execute(query, values).fetchall()
        except NOTHING_WRITTEN_YET:
            return {}
    for asset, number in rows:
        found[asset].append(number)
    return dict(found)


def forget(
    settings: StoreSettings,
    materializations: Sequence[int],
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> None:
    """Remove the numbers whose rows were dropped. Refused for one that a release names."""
    query = queries.FORGET.format(schema=Identifier(schema_name))
    with postgres_errors("forget materializations"), connect(settings) as connection:
        connection.execute(query, {"materializations": list(materializations)})

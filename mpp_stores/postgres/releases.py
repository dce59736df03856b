"""Publishing a release, and which releases there are."""

from collections.abc import Mapping
from datetime import date

import psycopg
from psycopg.rows import class_row
from psycopg.sql import Identifier
from psycopg.types.json import Jsonb

from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connect, postgres_errors
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings

NOTHING_WRITTEN_YET = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
"""What a query meets in a database that no pipeline has prepared."""


def publish(
    settings: StoreSettings,
    *,
    dagster_run_id: str,
    data_through: date,
    row_counts: Mapping[str, int],
    quality: Mapping[str, float],
    schema_name: str = tables.SCHEMA_NAME,
) -> Release:
    """Record that the stores agree, as the current release.

    A run publishes once: a repeated call returns what the first one recorded.
    """
    schema = Identifier(schema_name)
    release = {
        "dagster_run_id": dagster_run_id,
        "data_through": data_through,
        "row_counts": Jsonb(dict(row_counts)),
        "quality": Jsonb(dict(quality)),
    }
    with postgres_errors("publish a release"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        with (
            connection.transaction(),
            connection.cursor(row_factory=class_row(Release)) as cursor,
        ):
            cursor.execute(tables.LOCK_RELEASES.format(schema=schema))
            cursor.execute(tables.SELECT_RELEASE_OF_RUN.format(schema=schema), release)
            published = cursor.fetchone()
            if published is None:
                cursor.execute(tables.INSERT_RELEASE.format(schema=schema), release)
                published = cursor.fetchall()[0]
            return published


def current_release(
    settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME
) -> Release | None:
    """The latest release; None before the first."""
    latest = releases(settings, limit=1, schema_name=schema_name)
    return latest[0] if latest else None


def releases(
    settings: StoreSettings, limit: int, *, schema_name: str = tables.SCHEMA_NAME
) -> list[Release]:
    """Up to `limit` releases, latest first."""
    query = tables.SELECT_LATEST_RELEASES.format(schema=Identifier(schema_name))
    with (
        postgres_errors("list the releases"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Release)) as cursor,
    ):
        try:
            return cursor.execute(query, {"limit": limit}).fetchall()
        except NOTHING_WRITTEN_YET:
            return []

"""Releases: published in one transaction, served until the next, gone back to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from psycopg import Connection, Cursor
from psycopg.rows import class_row
from psycopg.sql import Identifier
from psycopg.types.json import Jsonb

from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.errors import StoreRejected
from mpp_stores.postgres import materialization_queries, tables
from mpp_stores.postgres import release_queries as queries
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, STORE, connect, postgres_errors
from mpp_stores.postgres.materializations import completions
from mpp_stores.postgres.release_consistency import disagreements
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Materialization, Release
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest

PUBLISH = "publish a release"
DEFAULT_RANKING = RankingConfiguration()


def publish(
    settings: StoreSettings,
    *,
    dagster_run_id: str,
    data_through: date,
    quality: Mapping[str, float],
    agreeing: Sequence[str] = (),
    upstream: Mapping[str, Iterable[str]] | None = None,
    in_place: Sequence[str] = (),
    including: Mapping[int, Digest] | None = None,
    former: str | None = None,
    renewed: Sequence[str] = (),
    keep: int | None = None,
    ranking: RankingConfiguration = DEFAULT_RANKING,
    embedding_model: str = BUNDLED_MODEL,
    schema_name: str = tables.SCHEMA_NAME,
) -> Release:
    """Serve the newest completed materialization of every asset partition, from now on; with
    `former`, the id of a kept release, what that one serves, but for the `renewed` assets.

    `including` are completed with it: landings count as materialized once they are
    published. For `agreeing` and `upstream` see `disagreements`. Of `in_place`, assets whose
    rows are replaced and not written beside the former, no partition may have been begun again
    and never completed. With `keep`, earlier releases are retired as by `retire`. A run
    publishes once: a repeated call returns what the first one published.

    Raises:
        StoreRejected: the materializations are not one state; nothing changed.
    """
    schema = Identifier(schema_name)
    with postgres_errors(PUBLISH), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        with (
            connection.transaction(),
            connection.cursor(row_factory=class_row(Release)) as cursor,
        ):
            cursor.execute(queries.LOCK_RELEASES.format(schema=schema))
            run = {"dagster_run_id": dagster_run_id}
            cursor.execute(queries.SELECT_RELEASE_OF_RUN.format(schema=schema), run)
            if (published := cursor.fetchone()) is not None:
                return published
            completing = completions(including or {})
            cursor.executemany(materialization_queries.COMPLETE.format(schema=schema), completing)
            values = {
                **run,
                "data_through": data_through,
                "quality": Jsonb(dict(quality)),
                "ranking": Jsonb(ranking.model_dump(mode="json")),
                "embedding_model": embedding_model,
            }
            with connection.cursor() as inserting:
                inserting.execute(queries.INSERT_RELEASE.format(schema=schema), values)
                [(release_id,)] = inserting.fetchall()
            naming = {"release_id": release_id, "former": former, "renewed": list(renewed)}
            cursor.execute(queries.NAME_MATERIALIZATIONS.format(schema=schema), naming)
            with connection.cursor(row_factory=class_row(Materialization)) as reading:
                named = _contents(reading, schema, release_id)
            found = [
                *_unfinished(connection, schema, in_place),
                *disagreements(named, agreeing=agreeing, upstream=upstream or {}),
            ]
            if found:
                raise StoreRejected(STORE, PUBLISH, "; ".join(found))
            cursor.execute(queries.COUNT_ROWS.format(schema=schema), {"release_id": release_id})
            [release] = cursor.fetchall()
            _serve(cursor, schema, release_id, "publish")
            if keep is not None:
                _retire(connection, schema, keep)
            return release


def rollback(
    settings: StoreSettings, release_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> Release:
    """Serve an earlier release again, at once.

    Raises:
        StoreRejected: there is no such release, or its rows are no longer kept.
    """
    schema = Identifier(schema_name)
    attempted = f"go back to release {release_id!r}"
    with (
        postgres_errors(attempted),
        connect(settings) as connection,
        connection.transaction(),
        connection.cursor(row_factory=class_row(Release)) as cursor,
    ):
        try:
            cursor.execute(queries.LOCK_RELEASES.format(schema=schema))
        except NOTHING_WRITTEN_YET as error:
            raise StoreRejected(STORE, attempted, "nothing was published yet") from error
        cursor.execute(queries.SELECT_RELEASE.format(schema=schema), {"release_id": release_id})
        release = cursor.fetchone()
        if release is None:
            raise StoreRejected(STORE, attempted, "there is no such release")
        if not release.is_kept:
            raise StoreRejected(STORE, attempted, "its rows are no longer kept")
        _serve(cursor, schema, release_id, "rollback")
        return release


def retire(
    settings: StoreSettings, *, keep: int, schema_name: str = tables.SCHEMA_NAME
) -> list[str]:
    """Stop keeping all releases but the served one and the `keep` published last.

    Returns the ids of those retired now. Their rows can be dropped.
    """
    schema = Identifier(schema_name)
    with (
        postgres_errors("retire releases"),
        connect(settings) as connection,
        connection.transaction(),
    ):
        try:
            connection.execute(queries.LOCK_RELEASES.format(schema=schema))
        except NOTHING_WRITTEN_YET:
            return []
        return _retire(connection, schema, keep)


def current_release(
    settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME
) -> Release | None:
    """The release that is served; None before the first."""
    query = queries.SELECT_SERVED.format(schema=Identifier(schema_name))
    with (
        postgres_errors("read the served release"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Release)) as cursor,
    ):
        try:
            return cursor.execute(query).fetchone()
        except NOTHING_WRITTEN_YET:
            return None


def releases(
    settings: StoreSettings, limit: int, *, schema_name: str = tables.SCHEMA_NAME
) -> list[Release]:
    """Up to `limit` releases, published last first."""
    query = queries.SELECT_RELEASES.format(schema=Identifier(schema_name))
    with (
        postgres_errors("list the releases"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Release)) as cursor,
    ):
        try:
            return cursor.execute(query, {"limit": limit, "before": None}).fetchall()
        except NOTHING_WRITTEN_YET:
            return []


def contents(
    settings: StoreSettings, release_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> list[Materialization]:
    """What a kept release serves, by asset and partition. Of one that is not kept: nothing."""
    with (
        postgres_errors(f"read the contents of release {release_id!r}"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Materialization)) as cursor,
    ):
        try:
            return _contents(cursor, Identifier(schema_name), release_id)
        except NOTHING_WRITTEN_YET:
            return []


def _unfinished(
    connection: Connection, schema: Identifier, in_place: Sequence[str]
) -> Iterator[str]:
    query = queries.SELECT_UNFINISHED.format(schema=schema)
    for asset, partition in connection.execute(query, {"assets": list(in_place)}):
        yield f"{asset} of {partition} may be half replaced: materialize it again (`mpp refresh`)"


def _retire(connection: Connection, schema: Identifier, keep: int) -> list[str]:
    retired = connection.execute(queries.RETIRE.format(schema=schema), {"keep": keep})
    release_ids = [release_id for (release_id,) in retired]
    connection.execute(
        queries.UNNAME_MATERIALIZATIONS.format(schema=schema), {"release_ids": release_ids}
    )
    return release_ids


def _contents(
    cursor: Cursor[Materialization], schema: Identifier, release_id: str
) -> list[Materialization]:
    query = queries.SELECT_CONTENTS.format(schema=schema)
    values = {"release_id": release_id, "partitions": None}
    return cursor.execute(query, values).fetchall()


def _serve(cursor: Cursor[Release], schema: Identifier, release_id: str, action: str) -> None:
    query = queries.SERVE.format(schema=schema)
    cursor.execute(query, {"release_id": release_id, "action": action})

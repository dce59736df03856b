from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import LiteralString

import pytest
from psycopg.sql import SQL, Identifier

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres import erasures
from mpp_stores.postgres.compaction import compact
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.writer import (
    CampaignPerformances,
    Campaigns,
    DailyActivity,
    PostgresTarget,
    UserEngagements,
)
from mpp_stores.settings import StoreSettings
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION
from tests.stores.postgres.locks import REWRITTEN, WRITTEN, in_use
from tests.stores.postgres.processes import prepare
from tests.stores.postgres.registry import Registry

USES: dict[str, Callable[[Registry], object]] = {
    "preparing a target": lambda own: prepare(own.settings, own.schema_name),
    "beginning a materialization": lambda own: own.begin("postgres/user_engagement"),
    "publishing": lambda own: own.publish(),
    "requesting an erasure": lambda own: erasures.request(
        own.settings, "ada", schema_name=own.schema_name
    ),
    "asking who was erased": lambda own: erasures.erased_subjects(
        own.settings, schema_name=own.schema_name
    ),
    "compacting": lambda own: compact(own.settings, schema_name=own.schema_name),
}


def drop(settings: StoreSettings, schema_name: str, kind: LiteralString, name: str) -> None:
    with connect(settings) as connection:
        statement = SQL("DROP " + kind + " {}")
        connection.execute(statement.format(Identifier(schema_name, name)))


def relations(settings: StoreSettings, schema_name: str) -> set[str]:
    """The schema's tables and indexes."""
    with connect(settings) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace", (schema_name,)
        )
        return {name for (name,) in found.fetchall()}


def ids_in_another_order(settings: StoreSettings, schema_name: str) -> set[tuple[str, str]]:
    """Table and column of the ids that are not compared by code point in every database."""
    with connect(settings) as connection:
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND column_name IN ('user_id', 'campaign_id')"
            " AND collation_name IS DISTINCT FROM 'C'",
            (schema_name,),
        )
        return set(found.fetchall())


@pytest.mark.parametrize(
    "target", [UserEngagements, CampaignPerformances, DailyActivity, Campaigns]
)
def test_a_table_has_the_columns_of_the_record_the_number_and_the_hash(
    settings: StoreSettings, schema_name: str, target: type[PostgresTarget]
) -> None:
    with target(settings, schema_name=schema_name) as opened, connect(settings) as connection:
        opened.prepare()
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            (schema_name, target.table.name),
        ).fetchall()
    expected = [*target.schema.names, MATERIALIZATION, IDENTITY_HASH]
    assert [column for (column,) in columns] == expected


def test_ids_are_in_one_order_in_every_database(settings: StoreSettings, schema_name: str) -> None:
    prepare(settings, schema_name)
    assert ids_in_another_order(settings, schema_name) == set()


def test_compacting_gives_the_users_of_an_earlier_version_that_order(
    settings: StoreSettings, schema_name: str
) -> None:
    prepare(settings, schema_name)
    former = SQL('ALTER TABLE {} ALTER user_id TYPE text COLLATE "default"')
    with connect(settings) as connection:
        connection.execute(former.format(Identifier(schema_name, "user_engagement")))
    assert ids_in_another_order(settings, schema_name) == {("user_engagement", "user_id")}
    compact(settings, schema_name=schema_name)
    assert ids_in_another_order(settings, schema_name) == set()


def test_processes_creating_the_tables_at_once_all_succeed(
    settings: StoreSettings, schema_name: str, two_processes: ProcessPoolExecutor
) -> None:
    preparing = [two_processes.submit(prepare, settings, schema_name) for _ in range(8)]
    assert [prepared.result(timeout=60) for prepared in preparing] == [None] * 8


def test_tables_that_are_there_are_prepared_whoever_uses_them(
    settings: StoreSettings, schema_name: str
) -> None:
    prepare(settings, schema_name)
    with in_use(settings, schema_name, "user_engagement", "exposures", mode=REWRITTEN) as impatient:
        prepare(impatient, schema_name)


def test_what_a_later_version_added_is_created(settings: StoreSettings, schema_name: str) -> None:
    prepare(settings, schema_name)
    drop(settings, schema_name, "INDEX", "exposures_by_time")
    drop(settings, schema_name, "TABLE", "audit_log")
    prepare(settings, schema_name)
    assert {"exposures_by_time", "audit_log"} <= relations(settings, schema_name)


def test_a_table_that_lacks_an_index_is_not_waited_for_without_end(
    settings: StoreSettings, schema_name: str
) -> None:
    prepare(settings, schema_name)
    drop(settings, schema_name, "INDEX", "exposures_by_time")
    with (
        in_use(settings, schema_name, "exposures", mode=WRITTEN) as impatient,
        pytest.raises(StoreUnavailable, match="lock timeout"),
    ):
        prepare(impatient, schema_name)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_tables_of_an_earlier_version_are_refused_with_what_to_do(
    registry: Registry, use: Callable[[Registry], object]
) -> None:
    with connect(registry.settings) as connection:
        for statement in (
            SQL("CREATE SCHEMA {}"),
            SQL("CREATE TABLE {}.user_engagement (user_id text, materialization text)"),
        ):
            connection.execute(statement.format(Identifier(registry.schema_name)))
    with pytest.raises(StoreRejected, match=r"earlier version: `mpp reset`.*ingest again"):
        use(registry)

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from psycopg.sql import SQL, Identifier, Literal

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres import compaction, erasures
from mpp_stores.postgres.compaction import compact
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.writer import UserEngagements
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.locks import READ, in_use, seen_as_it_is
from tests.stores.postgres.rows import engagement_batch, user_engagement


@pytest.fixture
def engagements(settings: StoreSettings, schema_name: str) -> Iterator[UserEngagements]:
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        yield target


def bytes_of(settings: StoreSettings, schema_name: str, table: str) -> int:
    name = Literal(Identifier(schema_name, table).as_string())
    with connect(settings) as connection:
        [(size,)] = connection.execute(SQL("SELECT pg_relation_size({})").format(name)).fetchall()
    return int(size)


def files(settings: StoreSettings, schema_name: str) -> dict[str, int]:
    """The number of the file of each table."""
    with connect(settings) as connection:
        found = connection.execute(
            "SELECT relname, relfilenode FROM pg_class"
            " WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
            (schema_name,),
        )
        return dict(found.fetchall())


def statistics(settings: StoreSettings, schema_name: str) -> str:
    """Everything that the planner knows of the schema's tables."""
    with connect(settings) as connection:
        known = connection.execute(
            "SELECT pg_stats::text FROM pg_stats WHERE schemaname = %s", (schema_name,)
        ).fetchall()
    return str(known)


def test_compacting_keeps_the_rows(
    settings: StoreSettings, schema_name: str, engagements: UserEngagements
) -> None:
    engagements.write(engagement_batch(user_engagement("ada"), materialization=1))
    engagements.write(engagement_batch(user_engagement("bob"), materialization=2))
    erasure = erasures.request(settings, "ada", schema_name=schema_name)
    engagements.drop([1])
    kept = engagements.digests([1, 2])
    assert compact(settings, schema_name=schema_name)
    assert engagements.digests([1, 2]) == kept
    assert [batch.to_pylist() for batch in engagements.read([2])] == [[user_engagement("bob")]]
    assert erasures.open_erasures(settings, schema_name=schema_name) == [erasure]


def test_compacting_gives_back_the_bytes_of_dropped_rows(
    settings: StoreSettings, schema_name: str, engagements: UserEngagements
) -> None:
    engagements.write(engagement_batch(*map(user_engagement, "abcdefgh")))
    engagements.drop([1])
    assert bytes_of(settings, schema_name, "user_engagement") > 0
    compact(settings, schema_name=schema_name)
    assert bytes_of(settings, schema_name, "user_engagement") == 0


@pytest.mark.parametrize("others", [["bob"], []], ids=["others remain", "nobody remains"])
def test_compacting_makes_the_planner_forget_dropped_users(
    settings: StoreSettings, schema_name: str, engagements: UserEngagements, others: list[str]
) -> None:
    users = ["ada-lovelace", "bob"]
    engagements.write(engagement_batch(*map(user_engagement, users), materialization=1))
    compact(settings, schema_name=schema_name)
    assert "ada-lovelace" in statistics(settings, schema_name)
    engagements.write(engagement_batch(*map(user_engagement, others), materialization=2))
    engagements.drop([1])
    compact(settings, schema_name=schema_name)
    assert "ada-lovelace" not in statistics(settings, schema_name)


def test_compacting_makes_the_planner_forget_who_was_erased(
    settings: StoreSettings, schema_name: str
) -> None:
    requests = [
        erasures.request(settings, user, schema_name=schema_name)
        for user in ("ada-lovelace", "bob")
    ]
    compact(settings, ["erasures"], schema_name=schema_name)
    assert "ada-lovelace" in statistics(settings, schema_name)
    for each in requests:
        erasures.mark_scrubbed(settings, each.erasure_id, {}, schema_name=schema_name)
        erasures.complete(settings, each.erasure_id, {}, schema_name=schema_name)
    assert "ada-lovelace" not in statistics(settings, schema_name)


def test_only_the_tables_that_are_named_are_rewritten(
    settings: StoreSettings, schema_name: str, engagements: UserEngagements
) -> None:
    before = files(settings, schema_name)
    compact(settings, ["erasures"], schema_name=schema_name)
    after = files(settings, schema_name)
    assert {name for name in before if after[name] != before[name]} == {"erasures"}


def test_a_table_that_is_in_use_is_not_waited_for_without_end(
    settings: StoreSettings, schema_name: str, engagements: UserEngagements
) -> None:
    with (
        in_use(settings, schema_name, "user_engagement", mode=READ) as impatient,
        pytest.raises(StoreUnavailable, match="lock timeout"),
    ):
        compact(impatient, schema_name=schema_name)


def test_dropped_rows_that_somebody_can_still_see_are_reported(
    settings: StoreSettings,
    schema_name: str,
    engagements: UserEngagements,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compaction, "REWRITE_AGAIN_SECONDS", 0)
    engagements.write(engagement_batch(*map(user_engagement, "abc")))
    with seen_as_it_is(settings):
        engagements.drop([1])
        with pytest.raises(StoreUnavailable, match="3 dropped rows of user_engagement are kept"):
            compact(settings, schema_name=schema_name)
    assert compact(settings, schema_name=schema_name)
    assert bytes_of(settings, schema_name, "user_engagement") == 0


def test_who_sees_dropped_rows_for_a_moment_is_waited_for(
    settings: StoreSettings,
    schema_name: str,
    engagements: UserEngagements,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engagements.write(engagement_batch(*map(user_engagement, "abc")))
    with ExitStack() as others:
        others.enter_context(seen_as_it_is(settings))
        engagements.drop([1])
        monkeypatch.setattr(compaction, "sleep", lambda seconds: others.close())
        assert compact(settings, schema_name=schema_name)
    assert bytes_of(settings, schema_name, "user_engagement") == 0


def test_a_server_that_does_not_say_what_it_kept_is_not_believed(
    settings: StoreSettings, schema_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_REWRITE", SQL("VACUUM (FULL) {table}"))
    with pytest.raises(StoreRejected, match=r'rewrote "\w+"."erasures"'):
        compact(settings, ["erasures"], schema_name=schema_name)


def test_a_schema_without_tables_compacts(settings: StoreSettings, schema_name: str) -> None:
    assert compact(settings, schema_name=schema_name)


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        compact(dead_settings)

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context

import pyarrow as pa
import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.writer import (
    CampaignPerformances,
    DailyActivity,
    PostgresTarget,
    UserEngagements,
)
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.processes import prepare, write_users
from tests.stores.postgres.rows import (
    activity_batch,
    campaign_performance,
    daily_activity,
    engagement_batch,
    performance_batch,
    user_engagement,
)

FIRST_DAY, SECOND_DAY, THIRD_DAY = date(1999, 3, 1), date(1999, 3, 2), date(1999, 3, 3)
HOSTILE_IDS = [
    "'; DROP TABLE mpp.user_engagement; --",
    '"quoted" \\ backslash',
    "tab\tnew\nline",
    "%(stamp)s {table} $1",
    "emoji 🎯 and 名前",
    "\\N",
]


@pytest.fixture
def engagements(settings: StoreSettings, schema_name: str) -> Iterator[UserEngagements]:
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        yield target


@pytest.fixture
def performances(settings: StoreSettings, schema_name: str) -> Iterator[CampaignPerformances]:
    with CampaignPerformances(settings, schema_name=schema_name) as target:
        target.prepare()
        yield target


@pytest.fixture
def activity(settings: StoreSettings, schema_name: str) -> Iterator[DailyActivity]:
    with DailyActivity(settings, schema_name=schema_name) as target:
        target.prepare()
        yield target


def contents(target: PostgresTarget) -> list[dict[str, object]]:
    rows = pa.Table.from_batches(target.read(), schema=target.schema).to_pylist()
    return sorted(rows, key=lambda row: [str(row[column]) for column in target.table.key])


def test_engagement_reads_back_as_it_was_written(engagements: UserEngagements) -> None:
    rows = [user_engagement("ada", "spring"), user_engagement("ada", "winter")]
    assert engagements.write(engagement_batch(*rows), "first") == 2
    assert contents(engagements) == rows


def test_performance_reads_back_as_it_was_written(performances: CampaignPerformances) -> None:
    rows = [campaign_performance("spring"), campaign_performance("winter", score=1.0)]
    assert performances.write(performance_batch(*rows), "first") == 2
    assert contents(performances) == rows


def test_activity_reads_back_as_it_was_written(activity: DailyActivity) -> None:
    rows = [daily_activity(FIRST_DAY), daily_activity(SECOND_DAY)]
    assert activity.write(activity_batch(*rows), "first") == 2
    assert contents(activity) == rows


def test_a_batch_in_another_column_order_lands_in_the_right_columns(
    engagements: UserEngagements,
) -> None:
    row = user_engagement("ada")
    batch = engagement_batch(row)
    engagements.write(batch.select(batch.schema.names[::-1]), "first")
    assert contents(engagements) == [row]


def test_an_empty_batch_writes_nothing(engagements: UserEngagements) -> None:
    assert engagements.write(engagement_batch(), "first") == 0
    assert engagements.count() == 0


def test_writing_an_identity_again_replaces_its_row(engagements: UserEngagements) -> None:
    engagements.write(engagement_batch(user_engagement("ada", messages=1)), "first")
    engagements.write(engagement_batch(user_engagement("ada", messages=7)), "second")
    assert contents(engagements) == [user_engagement("ada", messages=7)]


def test_repeating_a_write_changes_nothing(engagements: UserEngagements) -> None:
    batch = engagement_batch(user_engagement("ada"), user_engagement("bob"))
    engagements.write(batch, "first")
    before = contents(engagements)
    engagements.write(batch, "first")
    assert contents(engagements) == before


def test_sweep_removes_what_the_materialization_did_not_write(
    engagements: UserEngagements,
) -> None:
    engagements.write(engagement_batch(user_engagement("ada"), user_engagement("bob")), "first")
    engagements.write(engagement_batch(user_engagement("ada")), "second")
    assert engagements.sweep("second", None) == 1
    assert contents(engagements) == [user_engagement("ada")]


def test_sweeping_days_leaves_the_other_days_alone(activity: DailyActivity) -> None:
    days = (FIRST_DAY, SECOND_DAY, THIRD_DAY)
    activity.write(activity_batch(*map(daily_activity, days)), "first")
    activity.write(activity_batch(daily_activity(FIRST_DAY)), "second")
    assert activity.sweep("second", [FIRST_DAY, SECOND_DAY]) == 1
    assert [row["event_day"] for row in contents(activity)] == [FIRST_DAY, THIRD_DAY]


def test_sweeping_no_days_removes_nothing(activity: DailyActivity) -> None:
    activity.write(activity_batch(daily_activity(FIRST_DAY)), "first")
    assert activity.sweep("second", []) == 0


def test_count_and_read_keep_to_the_days_asked_for(activity: DailyActivity) -> None:
    activity.write(activity_batch(daily_activity(FIRST_DAY), daily_activity(SECOND_DAY)), "first")
    assert (activity.count(), activity.count([SECOND_DAY]), activity.count([])) == (2, 1, 0)
    (batch,) = activity.read([SECOND_DAY])
    assert batch.to_pylist() == [daily_activity(SECOND_DAY)]


def test_an_empty_table_reads_as_no_batches(engagements: UserEngagements) -> None:
    assert list(engagements.read()) == []


def test_a_table_without_event_days_refuses_a_selection_of_days(
    engagements: UserEngagements,
) -> None:
    with pytest.raises(StoreRejected, match="days=None"):
        engagements.sweep("first", [FIRST_DAY])


@pytest.mark.parametrize("hostile_id", HOSTILE_IDS)
def test_an_id_that_looks_like_code_is_stored_as_text(
    engagements: UserEngagements, hostile_id: str
) -> None:
    row = user_engagement(hostile_id, hostile_id)
    engagements.write(engagement_batch(row), hostile_id)
    assert engagements.sweep(hostile_id, None) == 0
    assert contents(engagements) == [row]


def test_a_batch_naming_one_identity_twice_is_refused(engagements: UserEngagements) -> None:
    with pytest.raises(StoreRejected):
        engagements.write(engagement_batch(user_engagement("ada"), user_engagement("ada")), "first")


def test_a_refused_batch_leaves_no_row_and_the_connection_usable(
    engagements: UserEngagements,
) -> None:
    bad = engagement_batch(user_engagement("ada"), user_engagement("bob", score=1.5))
    with pytest.raises(StoreRejected):
        engagements.write(bad, "first")
    assert engagements.count() == 0
    assert engagements.write(engagement_batch(user_engagement("ada")), "first") == 1


def test_a_missing_value_is_refused(engagements: UserEngagements) -> None:
    row = {**user_engagement("ada"), "engagement_score": None}
    with pytest.raises(StoreRejected, match="postgres/user_engagement"):
        engagements.write(engagement_batch(row), "first")


def test_a_batch_without_a_column_is_refused(engagements: UserEngagements) -> None:
    batch = engagement_batch(user_engagement("ada"))
    with pytest.raises(StoreRejected, match="engagement_level"):
        engagements.write(batch.select(batch.schema.names[:-1]), "first")


def test_preparing_again_keeps_the_rows(engagements: UserEngagements) -> None:
    engagements.write(engagement_batch(user_engagement("ada")), "first")
    engagements.prepare()
    assert engagements.count() == 1


@pytest.mark.parametrize("target", [UserEngagements, CampaignPerformances, DailyActivity])
def test_the_table_has_the_columns_of_the_record_and_the_stamp(
    settings: StoreSettings, schema_name: str, target: type[PostgresTarget]
) -> None:
    with target(settings, schema_name=schema_name) as opened, connect(settings) as connection:
        opened.prepare()
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
            (schema_name, target.table.name),
        ).fetchall()
    assert [column for (column,) in columns] == [*target.schema.names, "materialization"]


def test_processes_writing_the_same_rows_in_opposite_order_all_succeed(
    settings: StoreSettings, engagements: UserEngagements, schema_name: str
) -> None:
    users = [f"user-{number:03}" for number in range(200)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        orders = (users, users[::-1])
        writing = [
            processes.submit(write_users, settings, schema_name, "first", order) for order in orders
        ]
        assert [written.result(timeout=60) for written in writing] == [200, 200]
    assert contents(engagements) == [user_engagement(user) for user in users]


def test_processes_creating_the_tables_at_once_all_succeed(
    settings: StoreSettings, schema_name: str
) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        preparing = [processes.submit(prepare, settings, schema_name) for _ in range(8)]
        assert [prepared.result(timeout=60) for prepared in preparing] == [None] * 8


def test_writing_to_a_lost_connection_can_be_tried_again(
    settings: StoreSettings, engagements: UserEngagements
) -> None:
    with connect(settings) as killer:
        (pid,) = engagements._connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(StoreUnavailable):
        engagements.write(engagement_batch(user_engagement("ada")), "first")


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        UserEngagements(dead_settings)

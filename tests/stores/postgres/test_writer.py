from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from traceback import format_exception

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
from mpp_stores.target import MATERIALIZATION, NOTHING, Digest, identity_hash
from tests.stores.postgres.processes import write_users
from tests.stores.postgres.rows import (
    activity_batch,
    campaign_performance,
    daily_activity,
    engagement_batch,
    performance_batch,
    user_engagement,
)

FIRST_DAY, SECOND_DAY = date(1999, 3, 1), date(1999, 3, 2)
HOSTILE_IDS = [
    "'; DROP TABLE mpp.user_engagement; --",
    '"quoted" \\ backslash',
    "tab\tnew\nline",
    "%(materializations)s {table} $1",
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


def contents(target: PostgresTarget, *materializations: int) -> list[dict[str, object]]:
    """Of materialization 1 where none is named."""
    batches = target.read(materializations or [1])
    rows = pa.Table.from_batches(batches, schema=target.schema).to_pylist()
    return sorted(rows, key=lambda row: [str(row[column]) for column in target.key])


def test_engagement_reads_back_as_it_was_written(engagements: UserEngagements) -> None:
    rows = [user_engagement("ada", "spring"), user_engagement("ada", "winter")]
    assert engagements.write(engagement_batch(*rows)) == 2
    assert contents(engagements) == rows


def test_performance_reads_back_as_it_was_written(performances: CampaignPerformances) -> None:
    rows = [campaign_performance("spring"), campaign_performance("winter", score=1.0)]
    assert performances.write(performance_batch(*rows)) == 2
    assert contents(performances) == rows


def test_activity_reads_back_as_it_was_written(activity: DailyActivity) -> None:
    rows = [daily_activity(FIRST_DAY), daily_activity(SECOND_DAY)]
    assert activity.write(activity_batch(*rows)) == 2
    assert contents(activity) == rows


def test_a_batch_in_another_column_order_lands_in_the_right_columns(
    engagements: UserEngagements,
) -> None:
    row = user_engagement("ada")
    batch = engagement_batch(row)
    engagements.write(batch.select(batch.schema.names[::-1]))
    assert contents(engagements) == [row]


def test_an_empty_batch_writes_nothing(engagements: UserEngagements) -> None:
    assert engagements.write(engagement_batch()) == 0
    assert engagements.digests([1]) == {1: NOTHING}


def test_writing_anew_leaves_the_earlier_materialization_as_it_was(
    engagements: UserEngagements,
) -> None:
    earlier = [user_engagement("ada", messages=1), user_engagement("bob")]
    engagements.write(engagement_batch(*earlier, materialization=1))
    engagements.write(engagement_batch(user_engagement("ada", messages=7), materialization=2))
    assert contents(engagements, 1) == earlier
    assert contents(engagements, 2) == [user_engagement("ada", messages=7)]


def test_a_batch_may_hold_one_identity_of_two_materializations(activity: DailyActivity) -> None:
    row = daily_activity(FIRST_DAY)
    activity.write(activity_batch(row | {MATERIALIZATION: 1}, row | {MATERIALIZATION: 2}))
    assert contents(activity, 1) == contents(activity, 2) == [row]


def test_repeating_a_write_changes_nothing(engagements: UserEngagements) -> None:
    batch = engagement_batch(user_engagement("ada"), user_engagement("bob"))
    engagements.write(batch)
    before = contents(engagements), engagements.digests([1])
    engagements.write(batch)
    assert (contents(engagements), engagements.digests([1])) == before


def test_a_write_that_goes_on_after_a_failure_keeps_the_last_of_each_identity(
    engagements: UserEngagements,
) -> None:
    engagements.write(engagement_batch(user_engagement("ada", messages=1)))
    engagements.write(engagement_batch(user_engagement("ada", messages=7)))
    assert contents(engagements) == [user_engagement("ada", messages=7)]


def test_reading_keeps_to_the_materializations_asked_for(activity: DailyActivity) -> None:
    first, second = daily_activity(FIRST_DAY), daily_activity(SECOND_DAY)
    activity.write(activity_batch(first, materialization=1))
    activity.write(activity_batch(second, materialization=2))
    activity.write(activity_batch(second, materialization=3))
    assert contents(activity, 1, 2) == [first, second]
    assert list(activity.read([])) == []
    assert list(activity.read([4])) == []


def test_digests_sum_the_hashes_of_the_identities(engagements: UserEngagements) -> None:
    identities = [("ada", "spring"), ("ada", "winter"), ("名前", "spring")]
    rows = [user_engagement(*identity) for identity in identities]
    engagements.write(engagement_batch(*rows, materialization=1))
    engagements.write(engagement_batch(rows[0], materialization=2))
    assert engagements.digests([2, 1, 99]) == {
        1: Digest(3, sum(map(identity_hash, identities))),
        2: Digest(1, identity_hash(identities[0])),
        99: NOTHING,
    }
    assert engagements.digests([]) == {}


def test_the_digest_of_a_day_hashes_its_iso_date(activity: DailyActivity) -> None:
    activity.write(activity_batch(daily_activity(FIRST_DAY)))
    assert activity.digests([1]) == {1: Digest(1, identity_hash(["1999-03-01"]))}


def test_the_digest_of_a_campaign_hashes_its_id(performances: CampaignPerformances) -> None:
    performances.write(performance_batch(campaign_performance("spring")))
    assert performances.digests([1]) == {1: Digest(1, identity_hash(["spring"]))}


def test_dropping_materializations_leaves_the_others(engagements: UserEngagements) -> None:
    rows = [user_engagement("ada"), user_engagement("bob")]
    for number in (1, 2, 3):
        engagements.write(engagement_batch(*rows, materialization=number))
    assert engagements.drop([]) == 0
    assert engagements.drop([1, 3, 99]) == 4
    assert engagements.drop([1, 3]) == 0
    assert contents(engagements, 1, 3) == []
    assert contents(engagements, 2) == rows


def test_rows_of_a_user_are_counted_in_every_materialization(engagements: UserEngagements) -> None:
    ada = [user_engagement("ada", "spring"), user_engagement("ada", "winter")]
    engagements.write(engagement_batch(*ada, user_engagement("ada-2"), materialization=1))
    engagements.write(engagement_batch(ada[0], materialization=2))
    assert engagements.rows_of_user("ada") == 3
    engagements.drop([1])
    assert engagements.rows_of_user("ada") == 1
    assert engagements.rows_of_user("nobody") == 0


def test_tables_without_users_have_no_rows_of_one(
    performances: CampaignPerformances, activity: DailyActivity
) -> None:
    performances.write(performance_batch(campaign_performance("ada")))
    assert performances.rows_of_user("ada") == 0
    assert activity.rows_of_user("ada") == 0


@pytest.mark.parametrize("hostile_id", HOSTILE_IDS)
def test_an_id_that_looks_like_code_is_stored_as_text(
    engagements: UserEngagements, hostile_id: str
) -> None:
    row = user_engagement(hostile_id, hostile_id)
    engagements.write(engagement_batch(row))
    assert contents(engagements) == [row]
    assert engagements.rows_of_user(hostile_id) == 1
    assert engagements.digests([1]) == {1: Digest(1, identity_hash([hostile_id, hostile_id]))}


def test_a_batch_naming_one_identity_twice_is_refused(engagements: UserEngagements) -> None:
    with pytest.raises(StoreRejected):
        engagements.write(engagement_batch(user_engagement("ada"), user_engagement("ada")))


def test_a_refused_batch_leaves_no_row_and_the_connection_usable(
    engagements: UserEngagements,
) -> None:
    bad = engagement_batch(user_engagement("ada"), user_engagement("bob", score=1.5))
    with pytest.raises(StoreRejected):
        engagements.write(bad)
    assert engagements.digests([1]) == {1: NOTHING}
    assert engagements.write(engagement_batch(user_engagement("ada"))) == 1


def test_a_refused_row_is_not_quoted(engagements: UserEngagements) -> None:
    """Orchestrators keep what they are told, tracebacks included."""
    bad = engagement_batch(user_engagement("ada-lovelace", score=1.5))
    with pytest.raises(StoreRejected, match="violates check constraint") as refused:
        engagements.write(bad)
    assert "ada-lovelace" not in "".join(format_exception(refused.value))


def test_a_missing_value_is_refused(engagements: UserEngagements) -> None:
    row = {**user_engagement("ada"), "engagement_score": None}
    with pytest.raises(StoreRejected, match="postgres/user_engagement"):
        engagements.write(engagement_batch(row))


@pytest.mark.parametrize("column", ["engagement_level", MATERIALIZATION])
def test_a_batch_without_a_column_is_refused(engagements: UserEngagements, column: str) -> None:
    with pytest.raises(StoreRejected, match=column):
        engagements.write(engagement_batch(user_engagement("ada")).drop_columns([column]))


def test_preparing_again_keeps_the_rows(engagements: UserEngagements) -> None:
    engagements.write(engagement_batch(user_engagement("ada")))
    engagements.prepare()
    assert contents(engagements) == [user_engagement("ada")]


def test_processes_writing_the_same_rows_in_opposite_order_all_succeed(
    settings: StoreSettings,
    engagements: UserEngagements,
    schema_name: str,
    two_processes: ProcessPoolExecutor,
) -> None:
    users = [f"user-{number:03}" for number in range(200)]
    orders = (users, users[::-1])
    writing = [two_processes.submit(write_users, settings, schema_name, order) for order in orders]
    assert [written.result(timeout=60) for written in writing] == [200, 200]
    assert contents(engagements) == [user_engagement(user) for user in users]


def test_writing_to_a_lost_connection_can_be_tried_again(
    settings: StoreSettings, engagements: UserEngagements
) -> None:
    with connect(settings) as killer:
        (pid,) = engagements._connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(StoreUnavailable):
        engagements.write(engagement_batch(user_engagement("ada")))


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        UserEngagements(dead_settings)

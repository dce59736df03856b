"""Each check of what the stores hold, over rows that are right and with one that is not."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from mpp_assets.defs.campaigns import checks as campaigns
from mpp_assets.defs.documents import checks as documents
from mpp_assets.defs.engagement import checks as engagement
from mpp_assets.defs.graph import checks as graph
from mpp_assets.defs.reporting.assets import analytics_report
from mpp_assets.defs.reporting.checks import equals_the_tables
from mpp_assets.defs.vectors import checks as vectors
from mpp_assets.jobs.analytics_report import ReportInput, build_report, write_report
from mpp_assets.jobs.datasets import replace_days, spark_schema
from mpp_assets.jobs.store_sink import NO_PARTITION
from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA, MESSAGE_EMBEDDING_SCHEMA, Lake
from mpp_stores.postgres import materializations
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    EMBEDDING_DIMENSION,
    USER_ENGAGEMENT_SCHEMA,
)
from mpp_stores.reports import report_folder
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING
from tests.assets.defs.lone_check import evaluate, run_check
from tests.assets.jobs.conversation_rows import event
from tests.materialized import drop_everything, start_numbers_far_away, write
from tests.stores.postgres.rows import (
    LAST_AT,
    campaign_performance,
    daily_activity,
    user_engagement,
)

Row = dict[str, Any]
Spoil = Callable[[Row], list[Row]]

DAYS = [date(1999, 5, 1), date(1999, 5, 2)]


def along(axis: int) -> list[float]:
    """A unit vector."""
    return [float(number == axis) for number in range(EMBEDDING_DIMENSION)]


MESSAGES = [
    event(user, campaign, sent_at) | {"embedding": along(axis), "embedding_model": "by hand"}
    for axis, (user, campaign, sent_at) in enumerate(
        [
            ("ada", "spring", "1999-05-01T10:00:00"),
            ("ada", "summer", "1999-05-01T11:00:00"),
            ("bob", "spring", "1999-05-02T10:00:00"),
        ]
    )
]
FIRST = MESSAGES[0]["message_id"]
PROFILE = {"message_count": 1, "last_at": LAST_AT, "embedding": along(0)}
ENGAGEMENTS = [user_engagement(row["user_id"], row["campaign_id"], messages=1) for row in MESSAGES]
ROWS = {
    "milvus/messages": MESSAGES,
    "neo4j/messages": MESSAGES,
    "mongo/conversations": MESSAGES,
    "milvus/user_profiles": [PROFILE | {"user_id": user} for user in ("ada", "bob")],
    "milvus/campaign_profiles": [PROFILE | {"campaign_id": each} for each in ("spring", "summer")],
    "neo4j/engaged_with": ENGAGEMENTS,
    "postgres/user_engagement": ENGAGEMENTS,
    "postgres/campaign_performance": [
        campaign_performance("spring") | {"message_count": 2},
        campaign_performance("summer") | {"message_count": 1},
    ],
    "postgres/daily_activity": [
        daily_activity(DAYS[0], messages=2),
        daily_activity(DAYS[1], messages=1),
    ],
}


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Of the messages. Its folder is `lake` in the platform's home."""
    lake = Lake(tmp_path_factory.mktemp("home") / "lake")
    for path, schema in (
        (lake.conversation_events, CONVERSATION_EVENT_SCHEMA),
        (lake.message_embeddings, MESSAGE_EMBEDDING_SCHEMA),
    ):
        rows = [{name: row[name] for name in schema.names} for row in MESSAGES]
        replace_days(spark.createDataFrame(rows, spark_schema(schema)), path, DAYS)
    return lake


@pytest.fixture
def platform(
    own_database: StoreSettings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoreSettings]:
    """The stores without any row of this pipeline."""
    monkeypatch.setenv("MPP_HOME", str(lake.root.parent))
    monkeypatch.setenv("MPP_POSTGRES_URL", own_database.postgres_url.get_secret_value())
    start_numbers_far_away(own_database)
    yield own_database.model_copy(update={"home": lake.root.parent})
    drop_everything(own_database)


def lost(row: Row) -> list[Row]:
    return []


def turned(row: Row) -> list[Row]:
    return [row | {"embedding": along(len(MESSAGES))}]


def doubled(row: Row) -> list[Row]:
    return [row | {"embedding": [2 * number for number in row["embedding"]]}]


def counted_once_more(row: Row) -> list[Row]:
    return [row | {"message_count": row["message_count"] + 1}]


def missing(name: str, in_lake: int) -> Row:
    return {"in_lake": in_lake, "in_store": in_lake - 1, "missing": [name], "unexpected": []}


OF_FIRST_DAY = {"1999-05-01": missing(FIRST, in_lake=2)}
OF_ENGAGEMENTS = {"engagement": missing("ada / spring", in_lake=3)}
OF_CAMPAIGNS = {"campaign": missing("spring", in_lake=2)}
OF_SPRING = {"spring": {"in_lake": 2, "counted": 3}}
CASES: list[tuple[dg.AssetChecksDefinition, Spoil, Row]] = [
    (vectors.message_vectors_hold_every_message, lost, OF_FIRST_DAY),
    (graph.message_graph_holds_every_message, lost, OF_FIRST_DAY),
    (documents.conversations_hold_every_message, lost, OF_FIRST_DAY),
    (vectors.user_profiles_hold_every_user, lost, {"user": missing("ada", in_lake=2)}),
    (campaigns.campaign_profiles_hold_every_campaign, lost, OF_CAMPAIGNS),
    (engagement.campaign_performance_holds_every_campaign, lost, OF_CAMPAIGNS),
    (engagement.user_engagement_holds_every_engagement, lost, OF_ENGAGEMENTS),
    (graph.engaged_with_holds_every_engagement, lost, OF_ENGAGEMENTS),
    (engagement.user_engagement_counts_every_message, counted_once_more, OF_SPRING),
    (engagement.campaign_performance_counts_every_message, counted_once_more, OF_SPRING),
    (
        engagement.daily_activity_counts_every_message,
        counted_once_more,
        {"1999-05-01": {"in_lake": 2, "counted": 3}},
    ),
    (vectors.user_profiles_are_unit_vectors, doubled, {"norm": ["ada"]}),
    (campaigns.campaign_profiles_are_unit_vectors, doubled, {"norm": ["spring"]}),
    (vectors.vectors_equal_the_lakes, turned, {"1999-05-01": [FIRST]}),
    (vectors.vectors_equal_the_lakes, lost, {"1999-05-01": [FIRST]}),
]


def key_of(check: dg.AssetChecksDefinition) -> dg.AssetCheckKey:
    [key] = check.check_keys
    return key


@pytest.mark.parametrize(
    ("check", "spoil", "offending"),
    CASES,
    ids=[f"{key_of(check).to_user_string()} {spoil.__name__}" for check, spoil, _ in CASES],
)
def test_a_check_passes_over_what_is_right_and_names_the_one_row_that_is_not(
    platform: StoreSettings, check: dg.AssetChecksDefinition, spoil: Spoil, offending: Row
):
    asset = key_of(check).asset_key.to_user_string()
    first, *others = ROWS[asset]
    write(platform, asset, [first, *others], "right")
    right = evaluate(check)
    write(platform, asset, [*spoil(first), *others], "spoiled")
    spoiled = evaluate(check)
    assert (right.passed, right.metadata["offending"].value) == (True, {})
    assert (spoiled.passed, spoiled.metadata["offending"].value) == (False, offending)


def test_vectors_are_sampled_of_days_with_messages(platform: StoreSettings):
    """Each quiet day is materialized as well."""
    quiet = [f"1999-06-{day:02}" for day in range(1, vectors.SAMPLED_DAYS + 1)]
    write(platform, "milvus/messages", [*turned(MESSAGES[0]), *MESSAGES[1:]], "spoiled")
    numbers = materializations.begin(
        platform, asset="milvus/messages", partitions=quiet, dagster_run_id="quiet"
    )
    materializations.complete(platform, dict.fromkeys(numbers.values(), NOTHING))
    assert not evaluate(vectors.vectors_equal_the_lakes).passed


def test_what_was_never_materialized_is_named(platform: StoreSettings):
    failed = run_check(engagement.user_engagement_holds_every_engagement)
    [failure] = failed.get_step_failure_events()
    assert "postgres/user_engagement was never materialized" in (
        failure.step_failure_data.error.message
    )


def test_a_report_equals_the_tables_that_it_was_made_of_and_no_others(platform: StoreSettings):
    tables = {
        "user_engagement": USER_ENGAGEMENT_SCHEMA,
        "campaign_performance": CAMPAIGN_PERFORMANCE_SCHEMA,
        "daily_activity": DAILY_ACTIVITY_SCHEMA,
    }
    for table in tables:
        write(platform, f"postgres/{table}", ROWS[f"postgres/{table}"], "right")
    report = build_report(
        ReportInput(
            **{
                table: pa.Table.from_pylist(ROWS[f"postgres/{table}"], schema)
                for table, schema in tables.items()
            },
            topics=[],
            campaign_names={},
            batches=[],
            data_through=DAYS[-1],
            dagster_run_id="right",
        )
    )
    report_asset = analytics_report.key.to_user_string()
    [number] = materializations.begin(
        platform, asset=report_asset, partitions=[NO_PARTITION], dagster_run_id="right"
    ).values()
    write_report(report, report_folder(platform.reports, number))
    materializations.complete(platform, {number: NOTHING})
    right = evaluate(equals_the_tables)
    write(platform, "postgres/user_engagement", ENGAGEMENTS[1:], "spoiled")
    spoiled = evaluate(equals_the_tables)
    assert (right.passed, right.metadata["offending"].value) == (True, {})
    assert not spoiled.passed
    assert spoiled.metadata["offending"].value == {"engagement_count": {"report": 3, "tables": 2}}

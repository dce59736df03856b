import pyarrow as pa
import pytest

from mpp_assets.jobs.analytics_report import ReportInput, build_report
from mpp_assets.jobs.report_reconciliation import differences
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)
from tests.stores.postgres import rows

DAY = rows.FIRST_AT.date()
TABLES = {
    "user_engagement": pa.Table.from_pylist(
        [rows.user_engagement("ada"), rows.user_engagement("bob")], USER_ENGAGEMENT_SCHEMA
    ),
    "campaign_performance": pa.Table.from_pylist(
        [rows.campaign_performance("spring")], CAMPAIGN_PERFORMANCE_SCHEMA
    ),
    "daily_activity": pa.Table.from_pylist([rows.daily_activity(DAY)], DAILY_ACTIVITY_SCHEMA),
}


@pytest.fixture
def report():
    return build_report(
        ReportInput(
            **TABLES,
            topics=[],
            campaign_names={},
            batches=[],
            data_through=DAY,
            dagster_run_id="r",
        )
    )


def test_a_report_of_the_tables_does_not_differ(report):
    assert differences(report, **TABLES) == {}


def test_a_total_that_is_not_the_tables_is_named(report):
    report["totals"]["user_count"] += 1
    assert differences(report, **TABLES) == {"user_count": {"report": 3, "tables": 2}}


def test_a_campaign_and_a_day_that_the_report_lacks_are_named(report):
    report["campaigns"], report["daily_activity"] = [], []
    found = differences(report, **TABLES)
    assert found["campaign spring"]["report"] is None
    assert found[f"day {DAY}"] == {"report": None, "tables": 24}

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mpp_assets.jobs.analytics_report import (
    REPORT_SECTIONS,
    Report,
    ReportInput,
    build_report,
    write_report,
)
from mpp_assets.jobs.topics import Topic
from mpp_stores.lake import BatchSummary
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)

MONDAY, TUESDAY = date(1999, 11, 1), date(1999, 11, 2)
FIRST = datetime(1999, 11, 1, 9, 30, tzinfo=UTC)
LAST = datetime(1999, 11, 2, 20, 15, 0, 125_000, tzinfo=UTC)
HOSTILE = '<script>alert("x")</script> & $\\frac{1}{0}$'


def _engagement(
    user: str, campaign: str, messages: int, score: float, level: str
) -> dict[str, Any]:
    return {
        "user_id": user,
        "campaign_id": campaign,
        "message_count": messages,
        "active_days": 1,
        "first_at": FIRST,
        "last_at": LAST,
        "engagement_score": score,
        "engagement_level": level,
    }


def _campaign(campaign: str, messages: int, users: int, score: float) -> dict[str, Any]:
    return {
        "campaign_id": campaign,
        "message_count": messages,
        "user_count": users,
        "active_days": 2,
        "messages_per_user": messages / users,
        "returning_user_share": 1 / 3,
        "recent_message_count": messages,
        "first_at": FIRST,
        "last_at": LAST,
        "performance_score": score,
    }


def _day(day: date, users: int, hours: dict[int, int]) -> dict[str, Any]:
    return {
        "event_day": day,
        "message_count": sum(hours.values()),
        "user_count": users,
        "campaign_count": 2,
        "hourly_message_counts": [hours.get(hour, 0) for hour in range(24)],
    }


ENGAGEMENTS = [
    _engagement("ana", "coffee", 1200, 0.912345, "high"),
    _engagement("ana", "shoes", 3, 0.41, "medium"),
    _engagement("tom", "coffee", 5, 0.2, "low"),
    _engagement("mei", "coffee", 5, 0.5, "medium"),
]
CAMPAIGNS = [_campaign("shoes", 3, 1, 0.25), _campaign("coffee", 1210, 3, 0.75)]
DAYS = [_day(TUESDAY, 3, {9: 10, 20: 3}), _day(MONDAY, 1, {9: 1200})]


@pytest.fixture
def source() -> ReportInput:
    return ReportInput(
        user_engagement=pa.Table.from_pylist(ENGAGEMENTS, USER_ENGAGEMENT_SCHEMA),
        campaign_performance=pa.Table.from_pylist(CAMPAIGNS, CAMPAIGN_PERFORMANCE_SCHEMA),
        daily_activity=pa.Table.from_pylist(DAYS, DAILY_ACTIVITY_SCHEMA),
        topics=[
            Topic(1, 1210, 3, ["beans", "roast"], ["Which beans?"], [("coffee", 1210)]),
            Topic(2, 3, 1, ["shoes"], ["Muddy shoes"], [("shoes", 3)]),
        ],
        campaign_names={"coffee": "Coffee & cake", "unseen": "Nobody wrote in it"},
        batches=[
            BatchSummary("b.json", 1, "", False, 10, 7, 2, 1, {"timestamp invalid": 2}, [], []),
            BatchSummary(
                "a.json",
                1,
                "",
                False,
                5,
                4,
                1,
                0,
                {"timestamp invalid": 1, "user_id missing": 1},
                [],
                [],
            ),
        ],
        data_through=TUESDAY,
        dagster_run_id="run-1",
    )


@pytest.fixture
def report(source: ReportInput) -> Report:
    return build_report(source)


@pytest.fixture
def empty_source() -> ReportInput:
    return ReportInput(
        user_engagement=USER_ENGAGEMENT_SCHEMA.empty_table(),
        campaign_performance=CAMPAIGN_PERFORMANCE_SCHEMA.empty_table(),
        daily_activity=DAILY_ACTIVITY_SCHEMA.empty_table(),
        topics=[],
        campaign_names={},
        batches=[],
        data_through=TUESDAY,
        dagster_run_id="run-1",
    )


def test_the_report_has_the_sections_it_declares(report: Report) -> None:
    json_types = {"string": str, "object": dict, "array": list}
    assert list(report) == list(REPORT_SECTIONS)
    for name, (type_, _) in REPORT_SECTIONS.items():
        assert isinstance(report[name], json_types[type_]), name


def test_totals_sum_the_tables(report: Report) -> None:
    assert report["totals"] == {
        "message_count": 1213,
        "user_count": 3,
        "campaign_count": 2,
        "engagement_count": 4,
        "day_count": 2,
        "first_day": "1999-11-01",
        "last_day": "1999-11-02",
        "messages_per_user": 1213 / 3,
    }


def test_campaigns_are_the_performance_rows_best_first_with_users_by_level(report: Report) -> None:
    times = {"first_at": FIRST.isoformat(), "last_at": LAST.isoformat()}
    assert report["campaigns"] == [
        CAMPAIGNS[1]
        | times
        | {"name": "Coffee & cake", "users_by_level": {"high": 1, "medium": 1, "low": 1}},
        CAMPAIGNS[0]
        | times
        | {"name": "shoes", "users_by_level": {"high": 0, "medium": 1, "low": 0}},
    ]


def test_top_users_come_by_messages_then_id_with_their_campaigns(report: Report) -> None:
    users = report["top_users"]
    assert [(user["user_id"], user["message_count"]) for user in users] == [
        ("ana", 1203),
        ("mei", 5),
        ("tom", 5),
    ]
    assert users[0]["best_engagement_score"] == 0.912345
    assert [campaign["campaign_id"] for campaign in users[0]["campaigns"]] == ["coffee", "shoes"]


def test_a_campaign_has_its_name_wherever_it_is_and_its_id_where_none_is_known(
    report: Report, tmp_path: Path
) -> None:
    expected = [("coffee", "Coffee & cake"), ("shoes", "shoes")]
    for campaigns in (
        report["campaigns"],
        report["top_users"][0]["campaigns"],
        [topic["campaigns"][0] for topic in report["topics"]],
    ):
        assert [(each["campaign_id"], each["name"]) for each in campaigns] == expected
    page = write_report(report, tmp_path).html.read_text()
    assert page.count('<bdi title="coffee">Coffee &amp; cake</bdi>') == 6
    assert page.count(">Coffee &amp; cake</text>") == 2, "both plots of campaigns"


def test_only_the_twenty_most_active_users_are_named(source: ReportInput) -> None:
    rows = [_engagement(f"user-{n:02}", "coffee", n, 0.5, "medium") for n in range(1, 31)]
    table = pa.Table.from_pylist(rows, USER_ENGAGEMENT_SCHEMA)
    users = build_report(replace(source, user_engagement=table))["top_users"]
    assert [user["message_count"] for user in users] == list(range(30, 10, -1))


def test_days_come_in_order_and_the_profile_sums_their_hours(report: Report) -> None:
    assert [day["event_day"] for day in report["daily_activity"]] == ["1999-11-01", "1999-11-02"]
    profile = report["activity_profile"]
    assert profile["by_hour"][9] == 1210
    assert profile["by_hour"][20] == 3
    assert profile["by_weekday_and_hour"][1][20] == 3
    assert profile["by_weekday"][0] == {
        "weekday": "Monday",
        "day_count": 1,
        "message_count": 1200,
        "messages_per_day": 1200.0,
    }
    assert profile["by_weekday"][6]["messages_per_day"] is None


def test_a_day_without_messages_counts_among_those_of_its_name(source: ReportInput) -> None:
    days = [_day(MONDAY, 1, {9: 10}), _day(MONDAY + timedelta(days=14), 1, {9: 20})]
    table = pa.Table.from_pylist(days, DAILY_ACTIVITY_SCHEMA)
    profile = build_report(replace(source, daily_activity=table))["activity_profile"]
    [monday, tuesday, *_] = profile["by_weekday"]
    assert (monday["day_count"], monday["messages_per_day"]) == (3, 10)
    assert (tuesday["day_count"], tuesday["messages_per_day"]) == (2, 0)


def test_engagement_levels_count_engagements_users_and_messages(report: Report) -> None:
    assert report["engagement_levels"] == [
        {"level": "high", "engagement_count": 1, "user_count": 1, "message_count": 1200},
        {"level": "medium", "engagement_count": 2, "user_count": 2, "message_count": 8},
        {"level": "low", "engagement_count": 1, "user_count": 1, "message_count": 5},
    ]


def test_data_quality_adds_up_the_batches(report: Report) -> None:
    quality = report["data_quality"]
    assert (
        quality["read"] == quality["accepted"] + quality["rejected"] + quality["duplicates"] == 15
    )
    assert quality["rejected_share"] == 0.2
    assert quality["rejected_by_reason"] == [
        {"reason": "timestamp invalid", "count": 3},
        {"reason": "user_id missing", "count": 1},
    ]
    assert [batch["batch"] for batch in quality["batches"]] == ["a.json", "b.json"]


def test_the_json_file_holds_the_report_and_nothing_is_left_beside_the_two_files(
    report: Report, tmp_path: Path
) -> None:
    (tmp_path / "analytics_report.json").write_text("an earlier report")
    files = write_report(report, tmp_path)
    assert json.loads(files.json.read_text()) == report
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_the_page_shows_the_same_figures(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path).html.read_text()
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in page.split("<tr>")]
    cells = [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in rows]
    assert ["1 Nov 1999", "1,200", "1", "2"] in cells
    assert ["timestamp invalid", "3"] in cells
    assert ["a.json", "5", "4", "1", "0"] in cells
    coffee = ["0.750", "1,210", "3", "403.33", "33.3%", "1,210", "2", "2 Nov 1999"]
    assert ["Coffee &amp; cake", *coffee] in [row[:9] for row in cells]
    assert "<dt>Messages</dt><dd>1,213</dd>" in page
    assert "<dt>Rejected records</dt><dd>20.0%</dd>" in page
    assert "1,210 messages by 3 users" in page


def test_the_same_input_gives_the_same_bytes_but_for_the_run_id(
    source: ReportInput, tmp_path: Path
) -> None:
    first = write_report(build_report(source), tmp_path / "1")
    other_run = replace(source, dagster_run_id="run-2")
    second = write_report(build_report(other_run), tmp_path / "2")
    for one, other in zip(first, second, strict=True):
        assert one.read_text().replace("run-1", "run-2") == other.read_text()


def test_messages_and_ids_of_strangers_stay_text_in_the_page(
    source: ReportInput, tmp_path: Path
) -> None:
    hostile = replace(
        source,
        user_engagement=pa.Table.from_pylist(
            [_engagement(HOSTILE, HOSTILE, 1, 0.5, "medium")], USER_ENGAGEMENT_SCHEMA
        ),
        campaign_performance=pa.Table.from_pylist(
            [_campaign(HOSTILE, 1, 1, 0.5)], CAMPAIGN_PERFORMANCE_SCHEMA
        ),
        topics=[Topic(1, 1, 1, [HOSTILE], [HOSTILE], [(HOSTILE, 1)])],
        batches=[BatchSummary(HOSTILE, 1, "", False, 1, 1, 0, 0, {HOSTILE: 1}, [], [])],
    )
    page = write_report(build_report(hostile), tmp_path).html.read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert") >= 8


def test_the_page_needs_nothing_but_itself(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path).html.read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', page) + re.findall(r"url\(([^)]*)\)", page)
    assert links
    assert all(link.startswith("#") for link in links)
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)


def test_every_plot_has_a_label_and_follows_the_theme(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path).html.read_text()
    assert page.count("<svg ") == len(re.findall(r'role="img" aria-label="[^"]+"', page)) == 5
    assert set(re.findall(r"(?:fill|stroke): ([^;\"]+)", page)) <= {
        "none",
        "var(--accent)",
        "var(--second)",
        "var(--muted)",
        "var(--line)",
    }


def test_a_report_without_data_says_so(empty_source: ReportInput, tmp_path: Path) -> None:
    report = build_report(empty_source)
    assert report["totals"]["message_count"] == 0
    assert report["totals"]["messages_per_user"] is None
    page = write_report(report, tmp_path).html.read_text()
    assert "No conversations yet" in page
    assert "<svg" not in page

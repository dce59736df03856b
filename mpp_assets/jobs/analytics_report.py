"""The analytics report: one JSON-ready dictionary, written as JSON and as a page.

Figures are those of the Postgres tables it is given, unrounded; the report only
sums, counts and sorts them. It names no time of its own making, so that the same
tables give the same report.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from mpp_assets.jobs.topics import Topic
from mpp_stores.lake import BatchSummary

Report = dict[str, Any]

ENGAGEMENT_LEVELS = ("high", "medium", "low")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TOP_USERS = 20

# What the report holds: JSON type and content, by name.
REPORT_SECTIONS: Mapping[str, tuple[str, str]] = {
    "data_through": ("string", "Last day that has events"),
    "dagster_run_id": ("string", "The run that wrote the report"),
    "totals": ("object", "Messages, users, campaigns, engagements and days of all data"),
    "campaigns": ("array", "Performance and users by level of each campaign, best first"),
    "top_users": ("array", f"The {TOP_USERS} users with most messages, and their campaigns"),
    "daily_activity": ("array", "Messages, users and campaigns of each day"),
    "activity_profile": ("object", "Messages by hour and weekday, in UTC"),
    "engagement_levels": ("array", "Engagements, users and messages of each level"),
    "topics": ("array", "Messages that are alike, with their words and campaigns"),
    "data_quality": ("object", "Records read, accepted, rejected and repeated, by batch"),
}


@dataclass(frozen=True, slots=True)
class ReportInput:
    """What the report is about: three tables of `mpp_stores.records`, whole, and more.

    A campaign without a name in `campaign_names` goes by its id.
    """

    user_engagement: pa.Table
    campaign_performance: pa.Table
    daily_activity: pa.Table
    topics: list[Topic]
    campaign_names: Mapping[str, str]
    batches: list[BatchSummary]
    data_through: date
    dagster_run_id: str


class ReportFiles(NamedTuple):
    json: Path
    html: Path


def build_report(source: ReportInput) -> Report:
    """The report as JSON values: days and times as ISO 8601 text in UTC."""
    days = source.daily_activity.sort_by("event_day").to_pylist()
    engagement, names = source.user_engagement, source.campaign_names
    report = {
        "data_through": source.data_through,
        "dagster_run_id": source.dagster_run_id,
        "totals": _totals(days, engagement, source.campaign_performance),
        "campaigns": _campaigns(source.campaign_performance, engagement, names),
        "top_users": _top_users(engagement, names),
        "daily_activity": days,
        "activity_profile": _activity_profile(days),
        "engagement_levels": _engagement_levels(engagement),
        "topics": [_topic(topic, names) for topic in source.topics],
        "data_quality": _data_quality(source.batches),
    }
    serialised: Report = json.loads(json.dumps(report, default=_iso))
    return serialised


def write_report(report: Report, directory: Path) -> ReportFiles:
    """Write analytics_report.json and analytics_report.html, replacing earlier ones.

    Each appears complete or not at all.
    """
    # With matplotlib, which only a run that writes a report needs.
    from mpp_assets.jobs.report_page import render_page  # noqa: PLC0415

    directory.mkdir(parents=True, exist_ok=True)
    files = ReportFiles(directory / "analytics_report.json", directory / "analytics_report.html")
    _replace(files.json, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    _replace(files.html, render_page(report))
    return files


def _totals(days: list[dict[str, Any]], engagement: pa.Table, campaigns: pa.Table) -> Report:
    messages = sum(day["message_count"] for day in days)
    users = pc.count_distinct(engagement["user_id"]).as_py()
    return {
        "message_count": messages,
        "user_count": users,
        "campaign_count": campaigns.num_rows,
        "engagement_count": engagement.num_rows,
        "day_count": len(days),
        "first_day": days[0]["event_day"] if days else None,
        "last_day": days[-1]["event_day"] if days else None,
        "messages_per_user": messages / users if users else None,
    }


def _named(campaign_id: str, names: Mapping[str, str]) -> Report:
    return {"campaign_id": campaign_id, "name": names.get(campaign_id, campaign_id)}


def _campaigns(
    performance: pa.Table, engagement: pa.Table, names: Mapping[str, str]
) -> list[Report]:
    """Best performance first, each with its users by engagement level."""
    counted = engagement.group_by(["campaign_id", "engagement_level"]).aggregate(
        [([], "count_all")]
    )
    users_by_level: dict[str, dict[str, int]] = {}
    for row in counted.to_pylist():
        levels = users_by_level.setdefault(row["campaign_id"], dict.fromkeys(ENGAGEMENT_LEVELS, 0))
        levels[row["engagement_level"]] = row["count_all"]
    ranked = performance.sort_by(
        [("performance_score", "descending"), ("campaign_id", "ascending")]
    )
    return [
        _named(campaign["campaign_id"], names)
        | campaign
        | {
            "users_by_level": users_by_level.get(
                campaign["campaign_id"], dict.fromkeys(ENGAGEMENT_LEVELS, 0)
            )
        }
        for campaign in ranked.to_pylist()
    ]


def _top_users(engagement: pa.Table, names: Mapping[str, str]) -> list[Report]:
    """The users with most messages, each with the campaigns they engaged with."""
    users = (
        engagement.group_by("user_id")
        .aggregate([("message_count", "sum"), ("engagement_score", "max"), ("last_at", "max")])
        .sort_by([("message_count_sum", "descending"), ("user_id", "ascending")])
        .slice(0, TOP_USERS)
        .to_pylist()
    )
    of_top_users = pc.is_in(
        engagement["user_id"], pa.array([u["user_id"] for u in users], pa.string())
    )
    rows = engagement.filter(of_top_users).sort_by(
        [("engagement_score", "descending"), ("campaign_id", "ascending")]
    )
    campaigns: dict[str, list[Report]] = {}
    for row in rows.to_pylist():
        campaigns.setdefault(row["user_id"], []).append(
            _named(row["campaign_id"], names)
            | {
                figure: row[figure]
                for figure in ("message_count", "engagement_score", "engagement_level")
            }
        )
    return [
        {
            "user_id": user["user_id"],
            "message_count": user["message_count_sum"],
            "best_engagement_score": user["engagement_score_max"],
            "last_at": user["last_at_max"],
            "campaigns": campaigns[user["user_id"]],
        }
        for user in users
    ]


def _activity_profile(days: list[dict[str, Any]]) -> Report:
    """Messages by UTC hour and weekday: `by_weekday_and_hour` has 7 rows, Monday first, of 24.
    `day_count` are the days of that name from the first day to the last, with messages or not."""
    grid = [[0] * 24 for _ in WEEKDAYS]
    for day in days:
        row = grid[day["event_day"].weekday()]
        for hour, count in enumerate(day["hourly_message_counts"]):
            row[hour] += count
    ordinals = [day["event_day"].toordinal() for day in days]
    span = range(ordinals[0], ordinals[-1] + 1) if ordinals else range(0)
    occurrences = Counter(date.fromordinal(ordinal).weekday() for ordinal in span)
    return {
        "by_hour": [sum(counts) for counts in zip(*grid, strict=True)],
        "by_weekday": [
            {
                "weekday": name,
                "day_count": occurrences[index],
                "message_count": sum(grid[index]),
                "messages_per_day": sum(grid[index]) / occurrences[index]
                if occurrences[index]
                else None,
            }
            for index, name in enumerate(WEEKDAYS)
        ],
        "by_weekday_and_hour": grid,
    }


def _engagement_levels(engagement: pa.Table) -> list[Report]:
    """Engagements (user and campaign) by level. A user can count under several levels."""
    counted = engagement.group_by("engagement_level").aggregate(
        [([], "count_all"), ("user_id", "count_distinct"), ("message_count", "sum")]
    )
    by_level = {row["engagement_level"]: row for row in counted.to_pylist()}
    none: Report = {"count_all": 0, "user_id_count_distinct": 0, "message_count_sum": 0}
    return [
        {
            "level": level,
            "engagement_count": by_level.get(level, none)["count_all"],
            "user_count": by_level.get(level, none)["user_id_count_distinct"],
            "message_count": by_level.get(level, none)["message_count_sum"],
        }
        for level in ENGAGEMENT_LEVELS
    ]


def _topic(topic: Topic, names: Mapping[str, str]) -> Report:
    campaigns = [
        _named(campaign_id, names) | {"message_count": count}
        for campaign_id, count in topic.campaigns
    ]
    return asdict(topic) | {"campaigns": campaigns}


def _data_quality(batches: list[BatchSummary]) -> Report:
    """Counts over all batches; a record can be rejected for more than one reason."""
    reasons: Counter[str] = Counter()
    for batch in batches:
        reasons.update(batch.rejected_by_reason)
    read = sum(batch.read for batch in batches)
    rejected = sum(batch.rejected for batch in batches)
    return {
        "read": read,
        "accepted": sum(batch.accepted for batch in batches),
        "rejected": rejected,
        "duplicates": sum(batch.duplicates for batch in batches),
        "rejected_share": rejected / read if read else None,
        "rejected_by_reason": [
            {"reason": reason, "count": count}
            for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        ],
        "batches": [
            {
                name: getattr(batch, name)
                for name in ("batch", "read", "accepted", "rejected", "duplicates")
            }
            for batch in sorted(batches, key=lambda batch: batch.batch)
        ],
    }


def _iso(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _replace(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)

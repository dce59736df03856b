"""Comparing the report, as it was written, with the tables it is about."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

CAMPAIGN_FIGURES = ("message_count", "user_count", "performance_score", "returning_user_share")


def differences(
    report: dict[str, Any],
    *,
    user_engagement: pa.Table,
    campaign_performance: pa.Table,
    daily_activity: pa.Table,
) -> dict[str, Any]:
    """By total, campaign or day: what the report and the tables say, where they differ."""
    days = {
        row["event_day"].isoformat(): row["message_count"] for row in daily_activity.to_pylist()
    }
    in_tables = {
        "message_count": sum(days.values()),
        "user_count": pc.count_distinct(user_engagement["user_id"]).as_py(),
        "campaign_count": campaign_performance.num_rows,
        "engagement_count": user_engagement.num_rows,
    }
    found = {
        name: _both(report["totals"][name], figure)
        for name, figure in in_tables.items()
        if report["totals"][name] != figure
    }
    reported_days = {row["event_day"]: row["message_count"] for row in report["daily_activity"]}
    for day in sorted(days.keys() | reported_days.keys()):
        if days.get(day) != reported_days.get(day):
            found[f"day {day}"] = _both(reported_days.get(day), days.get(day))
    campaigns = {row["campaign_id"]: row for row in campaign_performance.to_pylist()}
    reported = {row["campaign_id"]: row for row in report["campaigns"]}
    for campaign in sorted(campaigns.keys() | reported.keys()):
        said, stored = _figures(reported.get(campaign)), _figures(campaigns.get(campaign))
        if said != stored:
            found[f"campaign {campaign}"] = _both(said, stored)
    return found


def _figures(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return row and {name: row[name] for name in CAMPAIGN_FIGURES}


def _both(in_report: Any, in_tables: Any) -> dict[str, Any]:
    return {"report": in_report, "tables": in_tables}

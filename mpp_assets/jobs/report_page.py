"""The analytics report as one HTML page that needs nothing but itself."""

from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mpp_assets.jobs import report_plots as plots

_TEMPLATE = "report_template.html.j2"
_TERMS_IN_LABEL = 3
_NOTHING = "\N{EN DASH}"


def render_page(report: dict[str, Any]) -> str:
    """Every text of the report is escaped: messages and ids come from strangers."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, score=_score, percent=_percent, day=_day)
    return environment.get_template(_TEMPLATE).render(
        report=report, plots=_plots(report), most_bars=plots.MOST_BARS
    )


def _plots(report: dict[str, Any]) -> dict[str, Markup]:
    """The plots that there is something to show in."""
    drawn: dict[str, str] = {}
    if report["daily_activity"]:
        profile = report["activity_profile"]
        weekdays = [day["weekday"] for day in profile["by_weekday"]]
        drawn["daily"] = plots.daily_activity_plot(report["daily_activity"])
        drawn["hours"] = plots.hour_and_weekday_plot(profile["by_weekday_and_hour"], weekdays)
    if report["campaigns"]:
        campaigns = sorted(
            report["campaigns"], key=lambda c: (-c["message_count"], c["campaign_id"])
        )
        labels = [campaign["name"] for campaign in campaigns]
        messages = [campaign["message_count"] for campaign in campaigns]
        users_by_level = [campaign["users_by_level"] for campaign in campaigns]
        drawn["campaigns"] = plots.messages_plot("campaigns", labels, messages)
        drawn["levels"] = plots.engagement_levels_plot(labels, users_by_level)
    if report["topics"]:
        labels = [", ".join(topic["top_terms"][:_TERMS_IN_LABEL]) for topic in report["topics"]]
        messages = [topic["message_count"] for topic in report["topics"]]
        drawn["topics"] = plots.messages_plot("topics", labels, messages)
    # matplotlib escapes the texts it draws.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _number(value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _score(score: float) -> str:
    return f"{score:.3f}"


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.1%}"


def _day(iso: str | None) -> str:
    """An ISO day, or the day of an ISO time, as 18 Nov 2026."""
    if iso is None:
        return _NOTHING
    day = date.fromisoformat(iso[:10])
    return f"{day.day} {day:%b %Y}"

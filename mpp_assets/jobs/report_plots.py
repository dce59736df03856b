"""Plots of the analytics report as inline SVG.

A plot takes its colours from the page's CSS variables, so that it follows the
reader's light or dark theme, and keeps its text as text. The same report gives
the same bytes: ids are hashed with a fixed salt and no date is written.
"""

import io
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

# Colours that matplotlib draws with, and the CSS variables they become.
_INK, _GRID, _MESSAGES, _USERS = "#010101", "#020202", "#030303", "#040404"
_CSS_COLOURS = {
    _INK: "var(--muted)",
    _GRID: "var(--line)",
    _MESSAGES: "var(--accent)",
    _USERS: "var(--second)",
}
_LEVEL_OPACITY = {"high": 1.0, "medium": 0.55, "low": 0.25}
_FAINTEST_CELL = 0.04

_WIDE, _NARROW = 8.4, 5.0  # inches, of 72 CSS pixels each before the page scales the plot
_ROW_HEIGHT = 0.3
_LABEL_CHARACTERS = 30
_MOST_DAY_TICKS = 8
MOST_BARS = 20

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "analytics_report",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
}


@mpl.rc_context(_STYLE)
def daily_activity_plot(days: Sequence[dict[str, Any]]) -> str:
    """Messages and active users a day."""
    figure, axes = _canvas(_WIDE, 2.8)
    by_date = {date.fromisoformat(day["event_day"]).toordinal(): day for day in days}
    dates = range(min(by_date), max(by_date) + 1)
    nobody = {"message_count": 0, "user_count": 0}
    messages = [by_date.get(each, nobody)["message_count"] for each in dates]
    users = [by_date.get(each, nobody)["user_count"] for each in dates]
    marker = "o" if len(dates) == 1 else ""
    axes.fill_between(dates, messages, color=_MESSAGES, alpha=0.12, linewidth=0)
    axes.plot(dates, messages, color=_MESSAGES, linewidth=2, marker=marker, label="messages")
    axes.plot(dates, users, color=_USERS, linewidth=2, marker=marker, label="users")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(axis="y", linewidth=0.8)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ticks = _day_ticks(dates)
    axes.set_xticks(ticks, labels=[_day_label(date.fromordinal(tick)) for tick in ticks])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderpad=0)
    return _svg(figure, "daily")


@mpl.rc_context(_STYLE)
def hour_and_weekday_plot(grid: Sequence[Sequence[int]], weekdays: Sequence[str]) -> str:
    """A cell an hour of a weekday: the more messages, the stronger the colour."""
    figure, axes = _canvas(_WIDE, 2.6)
    most = max(max(row) for row in grid) or 1
    for weekday, row in enumerate(grid):
        for hour, count in enumerate(row):
            strength = _FAINTEST_CELL + (1 - _FAINTEST_CELL) * count / most
            axes.add_patch(
                Rectangle(
                    (hour + 0.04, weekday + 0.06), 0.92, 0.88, color=_MESSAGES, alpha=strength
                )
            )
    axes.set_xlim(0, 24)
    axes.set_ylim(len(grid), 0)
    hours = range(0, 24, 3)
    axes.set_xticks([hour + 0.5 for hour in hours], labels=[f"{hour:02}:00" for hour in hours])
    axes.set_yticks(
        [weekday + 0.5 for weekday in range(len(grid))], labels=[name[:3] for name in weekdays]
    )
    axes.spines["bottom"].set_visible(False)
    return _svg(figure, "hours")


@mpl.rc_context(_STYLE)
def messages_plot(name: str, labels: Sequence[str], counts: Sequence[int]) -> str:
    """A bar a label with its number of messages; the first `MOST_BARS`, first on top."""
    labels, counts = labels[:MOST_BARS], counts[:MOST_BARS]
    figure, axes = _bar_canvas(labels)
    bars = axes.barh(range(len(labels)), counts, height=0.7, color=_MESSAGES)
    axes.bar_label(bars, labels=[f"{count:,}" for count in counts], padding=4)
    axes.margins(x=0.12)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return _svg(figure, name)


@mpl.rc_context(_STYLE)
def engagement_levels_plot(labels: Sequence[str], users_by_level: Sequence[dict[str, int]]) -> str:
    """A bar a campaign, its users stacked by engagement level; the first `MOST_BARS`."""
    labels, users_by_level = labels[:MOST_BARS], users_by_level[:MOST_BARS]
    figure, axes = _bar_canvas(labels)
    rows = range(len(labels))
    left = [0] * len(labels)
    for level, opacity in _LEVEL_OPACITY.items():
        users = [by_level[level] for by_level in users_by_level]
        axes.barh(rows, users, left=left, height=0.7, color=_USERS, alpha=opacity, label=level)
        left = [start + count for start, count in zip(left, users, strict=True)]
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(axis="x", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0)
    return _svg(figure, "levels")


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _bar_canvas(labels: Sequence[str]) -> tuple[Figure, Axes]:
    """Axes with a row a label, the first on top. Labels are not read as mathematics."""
    figure, axes = _canvas(_NARROW, 0.7 + _ROW_HEIGHT * len(labels))
    axes.set_yticks(
        range(len(labels)), labels=[_short(label) for label in labels], parse_math=False
    )
    axes.set_ylim(len(labels) - 0.5, -0.5)
    return figure, axes


def _day_ticks(ordinals: Sequence[int]) -> Sequence[int]:
    """At most eight days, evenly apart, from the first day on."""
    step = (ordinals[-1] - ordinals[0]) // _MOST_DAY_TICKS + 1
    return range(ordinals[0], ordinals[-1] + 1, step)


def _day_label(day: date) -> str:
    return f"{day.day} {day:%b}"


def _short(label: str) -> str:
    if len(label) <= _LABEL_CHARACTERS:
        return label
    return label[: _LABEL_CHARACTERS - 1] + "…"


def _svg(figure: Figure, name: str) -> str:
    """The figure as an <svg> element whose ids start with `name`, unique in the page."""
    written = io.StringIO()
    no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=no_metadata)
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :].rstrip()
    svg = re.sub(r"<[^>]*>", lambda tag: _page_tag(tag.group(), name), svg)
    # The plot's words are in the figure's label and table; a reader hears them once.
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _page_tag(tag: str, name: str) -> str:
    """A tag of the drawing with the page's colours and font, and ids of its own."""
    tag = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r"font-family: [^;\"]*;?", "", tag)
    for colour, variable in _CSS_COLOURS.items():
        tag = tag.replace(colour, variable)
    return tag

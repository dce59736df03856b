"""What can be wrong with the events of the lake."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import sqrt
from statistics import median

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

MOST_NAMED = 20
"""Offending ids that a finding names."""

TRAILING_DAYS = 28
LEAST_TRAILING_DAYS = 7
LARGEST_USUAL_SCORE = 3.5

REQUIRED = ("message_id", "user_id", "campaign_id", "text", "sent_at")


def repeated_ids(rows: DataFrame) -> list[str]:
    """message_ids of more than one row."""
    repeated = rows.groupBy("message_id").count().where("count > 1")
    return [row["message_id"] for row in repeated.limit(MOST_NAMED).collect()]


def ids_with_nulls(rows: DataFrame) -> dict[str, list[str | None]]:
    """By required column, the messages that lack it."""
    any_null = f.exists(f.array(*(f.col(name).isNull() for name in REQUIRED)), lambda null: null)
    found: dict[str, list[str | None]] = {}
    for row in rows.where(any_null).limit(MOST_NAMED).collect():
        for name in REQUIRED:
            if row[name] is None:
                found.setdefault(name, []).append(row["message_id"])
    return found


def unusual_days(
    counts: Mapping[date, int], days: Sequence[date] | None = None, today: date = date.max
) -> dict[str, dict[str, float]]:
    """Days with far more or fewer messages than the `TRAILING_DAYS` before them; from `today` on,
    which is not over, with far more.

    The modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993):
    0.6745 (x - median) / MAD, unusual beyond 3.5. Counts vary by their square root even where
    nothing changes (Poisson), so MAD is taken to be that at least. Days with fewer than
    `LEAST_TRAILING_DAYS` before them are not judged.
    """
    unusual = {}
    for day in days if days is not None else sorted(counts):
        trailing = [
            counts[before]
            for ago in range(1, TRAILING_DAYS + 1)
            if (before := day - timedelta(days=ago)) in counts
        ]
        if len(trailing) < LEAST_TRAILING_DAYS:
            continue
        usual = median(trailing)
        deviation = max(median(abs(count - usual) for count in trailing), sqrt(usual), 1.0)
        score = 0.6745 * (counts.get(day, 0) - usual) / deviation
        if score > LARGEST_USUAL_SCORE or (score < -LARGEST_USUAL_SCORE and day < today):
            unusual[day.isoformat()] = {
                "messages": counts.get(day, 0),
                "median_before": usual,
                "score": round(score, 1),
            }
    return unusual

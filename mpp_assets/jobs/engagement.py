"""Engagement of users in campaigns, performance of campaigns, activity of days.

All three are computed from the conversation events; recency is measured from
`data_through`, the last event day there is, so that the same events always give
the same figures.
"""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as f

from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    ENGAGED_WITH_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)

# Half-saturation points of the two counts and half-life of recency.
_HALF_MESSAGES = 3
_HALF_DAYS = 2
_HALF_LIFE_DAYS = 14
_HIGH_ENGAGEMENT = 0.6
_MEDIUM_ENGAGEMENT = 0.35
_RECENT_DAYS = 7


def engaged_with(events: DataFrame) -> DataFrame:
    """One row a (user, campaign): `ENGAGED_WITH_SCHEMA`."""
    return (
        events.groupBy("user_id", "campaign_id")
        .agg(
            f.count("*").alias("message_count"),
            f.count_distinct("event_day").alias("active_days"),
            f.min("sent_at").alias("first_at"),
            f.max("sent_at").alias("last_at"),
        )
        .select(ENGAGED_WITH_SCHEMA.names)
    )


def user_engagement(events: DataFrame, data_through: date) -> DataFrame:
    """One row a (user, campaign): `USER_ENGAGEMENT_SCHEMA`.

    Recency, frequency and regularity, each in [0, 1], after the RFM model (Hughes
    1994): 0.4 m/(m+3) + 0.3 d/(d+2) + 0.3 2^(-age/14), for m messages on d days,
    the last of them `age` days before `data_through`. high from 0.6, medium from 0.35.
    """
    score = (
        0.4 * _saturating("message_count", _HALF_MESSAGES)
        + 0.3 * _saturating("active_days", _HALF_DAYS)
        + 0.3 * f.pow(f.lit(2.0), -_age_days("last_at", data_through) / _HALF_LIFE_DAYS)
    )
    level = (
        f.when(f.col("engagement_score") >= _HIGH_ENGAGEMENT, "high")
        .when(f.col("engagement_score") >= _MEDIUM_ENGAGEMENT, "medium")
        .otherwise("low")
    )
    return (
        engaged_with(events)
        .withColumn("engagement_score", f.round(score, 6))
        .withColumn("engagement_level", level)
        .select(USER_ENGAGEMENT_SCHEMA.names)
    )


def campaign_performance(events: DataFrame, data_through: date) -> DataFrame:
    """One row a campaign: `CAMPAIGN_PERFORMANCE_SCHEMA`.

    performance_score in [0, 1] is the mean of reach (its users / all users), return
    (share of its users active on two days or more) and recent volume, m/(m + mean m of
    all campaigns) for m messages in the last 7 days of the data.
    """
    by_user = engaged_with(events)
    returning = f.avg((f.col("active_days") > 1).cast("double"))
    reach = by_user.groupBy("campaign_id").agg(
        f.count("*").alias("user_count"),
        returning.alias("returning_user_share"),
    )
    recent = f.col("event_day") > f.date_sub(f.lit(data_through), _RECENT_DAYS)
    volume = events.groupBy("campaign_id").agg(
        f.count("*").alias("message_count"),
        f.count_distinct("event_day").alias("active_days"),
        f.count_if(recent).alias("recent_message_count"),
        f.min("sent_at").alias("first_at"),
        f.max("sent_at").alias("last_at"),
    )
    figures = volume.join(reach, "campaign_id").withColumn(
        "mean_recent", f.avg("recent_message_count").over(Window.partitionBy())
    )
    users = events.agg(f.count_distinct("user_id").alias("all_users"))
    score = (
        f.col("user_count") / f.col("all_users")
        + f.col("returning_user_share")
        + f.coalesce(
            f.col("recent_message_count") / (f.col("recent_message_count") + f.col("mean_recent")),
            f.lit(0.0),
        )
    ) / 3
    return (
        figures.crossJoin(f.broadcast(users))
        .withColumn("messages_per_user", f.col("message_count") / f.col("user_count"))
        .withColumn("performance_score", f.round(score, 6))
        .select(CAMPAIGN_PERFORMANCE_SCHEMA.names)
    )


def daily_activity(events: DataFrame) -> DataFrame:
    """One row an event day: `DAILY_ACTIVITY_SCHEMA`."""
    hours = [f.count_if(f.hour("sent_at") == hour) for hour in range(24)]
    return (
        events.groupBy("event_day")
        .agg(
            f.count("*").alias("message_count"),
            f.count_distinct("user_id").alias("user_count"),
            f.count_distinct("campaign_id").alias("campaign_count"),
            f.array(*hours).alias("hourly_message_counts"),
        )
        .select(DAILY_ACTIVITY_SCHEMA.names)
    )


def _saturating(count: str, half: int) -> Column:
    return f.col(count) / (f.col(count) + half)


def _age_days(time: str, data_through: date) -> Column:
    return f.datediff(f.lit(data_through), f.to_date(time))

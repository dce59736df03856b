"""Every table, its identity, and every query on it.

Statements take the schema or table as a `psycopg.sql.Identifier`; values are
always bound. Column names and order are those of `mpp_stores.records`;
`materialization` is the stamp of the run that last wrote the row.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
import pyarrow as pa
from psycopg.sql import SQL, Identifier

from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)

SCHEMA_NAME = "mpp"

# Serialises set-up: concurrent CREATE … IF NOT EXISTS can still collide in the catalogue.
_LOCK_SET_UP: Final = SQL("SELECT pg_advisory_xact_lock(hashtext('mpp.set_up'))")

_CREATE_TABLES: Final = SQL("""
CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.user_engagement (
    user_id          text             NOT NULL,
    campaign_id      text             NOT NULL,
    message_count    bigint           NOT NULL,
    active_days      bigint           NOT NULL,
    first_at         timestamptz      NOT NULL,
    last_at          timestamptz      NOT NULL,
    engagement_score double precision NOT NULL CHECK (engagement_score BETWEEN 0 AND 1),
    engagement_level text             NOT NULL
                     CHECK (engagement_level IN ('low', 'medium', 'high')),
    materialization  text             NOT NULL,
    PRIMARY KEY (user_id, campaign_id)
);

CREATE TABLE IF NOT EXISTS {schema}.campaign_performance (
    campaign_id          text             NOT NULL PRIMARY KEY,
    message_count        bigint           NOT NULL,
    user_count           bigint           NOT NULL,
    active_days          bigint           NOT NULL,
    messages_per_user    double precision NOT NULL,
    returning_user_share double precision NOT NULL CHECK (returning_user_share BETWEEN 0 AND 1),
    recent_message_count bigint           NOT NULL,
    first_at             timestamptz      NOT NULL,
    last_at              timestamptz      NOT NULL,
    performance_score    double precision NOT NULL CHECK (performance_score BETWEEN 0 AND 1),
    materialization      text             NOT NULL
);

CREATE TABLE IF NOT EXISTS {schema}.daily_activity (
    event_day             date     NOT NULL PRIMARY KEY,
    message_count         bigint   NOT NULL,
    user_count            bigint   NOT NULL,
    campaign_count        bigint   NOT NULL,
    hourly_message_counts bigint[] NOT NULL CHECK (cardinality(hourly_message_counts) = 24),
    materialization       text     NOT NULL
);

CREATE TABLE IF NOT EXISTS {schema}.releases (
    number         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    release_id     text        NOT NULL PRIMARY KEY,
    published_at   timestamptz NOT NULL,
    dagster_run_id text        NOT NULL UNIQUE,
    data_through   date        NOT NULL,
    row_counts     jsonb       NOT NULL,
    quality        jsonb       NOT NULL,
    predecessor    text        REFERENCES {schema}.releases
)
""")


@dataclass(frozen=True, slots=True)
class Table:
    """`day_column` is the event day, for the tables that have one."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    day_column: str | None = None


USER_ENGAGEMENT = Table("user_engagement", USER_ENGAGEMENT_SCHEMA, ("user_id", "campaign_id"))
CAMPAIGN_PERFORMANCE = Table("campaign_performance", CAMPAIGN_PERFORMANCE_SCHEMA, ("campaign_id",))
DAILY_ACTIVITY = Table("daily_activity", DAILY_ACTIVITY_SCHEMA, ("event_day",), "event_day")

# One incoming table a connection, emptied by every commit.
CREATE_INCOMING: Final = SQL(
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE {table}) ON COMMIT DELETE ROWS"
)
COPY_INCOMING: Final = SQL("COPY pg_temp.incoming ({columns}) FROM STDIN (FORMAT binary)")
# ORDER BY makes concurrent writers lock shared rows in one order, so they cannot deadlock.
UPSERT_INCOMING: Final = SQL("""
INSERT INTO {table} ({columns})
SELECT {columns} FROM pg_temp.incoming ORDER BY {key}
ON CONFLICT ({key}) DO UPDATE SET {assignments}
""")

# {in_days} is IN_DAYS or nothing.
DELETE_OTHER_STAMPS: Final = SQL("DELETE FROM {table} WHERE materialization <> %(stamp)s {in_days}")
COUNT_ROWS: Final = SQL("SELECT count(*) FROM {table} WHERE TRUE {in_days}")
SELECT_ROWS: Final = SQL("SELECT {columns} FROM {table} WHERE TRUE {in_days}")
IN_DAYS: Final = SQL("AND {day} = ANY(%(days)s)")

SELECT_USER_ENGAGEMENT: Final = SQL("""
SELECT user_id, campaign_id, message_count, active_days, first_at, last_at,
       engagement_score, engagement_level
FROM {schema}.user_engagement
WHERE user_id = %(user_id)s
ORDER BY engagement_score DESC, last_at DESC, campaign_id
""")

_CAMPAIGN_PERFORMANCES: LiteralString = """
SELECT campaign_id, message_count, user_count, active_days, messages_per_user,
       returning_user_share, recent_message_count, first_at, last_at, performance_score
FROM {schema}.campaign_performance
"""
SELECT_CAMPAIGN_PERFORMANCE: Final = SQL(
    _CAMPAIGN_PERFORMANCES + "WHERE campaign_id = %(campaign_id)s"
)
SELECT_CAMPAIGN_PERFORMANCES: Final = SQL(
    _CAMPAIGN_PERFORMANCES + "ORDER BY performance_score DESC, campaign_id"
)

# Serialises publishing, so that each release's predecessor is the one before it.
LOCK_RELEASES: Final = SQL("LOCK TABLE {schema}.releases IN SHARE ROW EXCLUSIVE MODE")
_RELEASES: LiteralString = """
SELECT release_id, published_at, dagster_run_id, data_through, row_counts, quality, predecessor
FROM {schema}.releases
"""
SELECT_RELEASE_OF_RUN: Final = SQL(_RELEASES + "WHERE dagster_run_id = %(dagster_run_id)s")
SELECT_LATEST_RELEASES: Final = SQL(_RELEASES + "ORDER BY number DESC LIMIT %(limit)s")
# A release's id reads 20261124T052300Z-1f0c2a9b: UTC time by the server's clock, start of run id.
INSERT_RELEASE: Final = SQL("""
INSERT INTO {schema}.releases
       (release_id, published_at, dagster_run_id, data_through, row_counts, quality, predecessor)
SELECT to_char(published_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z-"')
           || left(%(dagster_run_id)s::text, 8),
       published_at, %(dagster_run_id)s, %(data_through)s, %(row_counts)s, %(quality)s,
       (SELECT release_id FROM {schema}.releases ORDER BY number DESC LIMIT 1)
FROM (SELECT clock_timestamp() AS published_at) AS now
RETURNING release_id, published_at, dagster_run_id, data_through, row_counts, quality, predecessor
""")


def prepare(connection: psycopg.Connection, schema_name: str) -> None:
    """Create the schema and every table where missing. Safe to run concurrently."""
    with connection.transaction():
        connection.execute(_LOCK_SET_UP)
        connection.execute(_CREATE_TABLES.format(schema=Identifier(schema_name)))

"""The tables of the platform, and the identity of each data table's rows.

Statements take the schema or table as a `psycopg.sql.Identifier`; values are always
bound. Column names and order are those of `mpp_stores.records`. Each subject's queries
are beside its module.
"""

import re
from dataclasses import dataclass
from typing import Final

import psycopg
import pyarrow as pa
from psycopg.sql import SQL, Identifier

from mpp_stores.postgres.connection import LOCK_TIMEOUT
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    CAMPAIGN_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
)

SCHEMA_NAME = "mpp"

# Serialises set-up: concurrent CREATE … IF NOT EXISTS can still collide in the catalogue.
_LOCK_SET_UP: Final = SQL("SELECT pg_advisory_xact_lock(hashtext('mpp.set_up'))")

# The data tables begin their key with what is read and dropped: the materialization.
# Ids are in the order of their code points, so that an index finds those with a prefix.
_CREATE_TABLES: Final = SQL("""
CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.user_engagement (
    user_id          text COLLATE "C" NOT NULL,
    campaign_id      text COLLATE "C" NOT NULL,
    message_count    bigint           NOT NULL,
    active_days      bigint           NOT NULL,
    first_at         timestamptz      NOT NULL,
    last_at          timestamptz      NOT NULL,
    engagement_score double precision NOT NULL CHECK (engagement_score BETWEEN 0 AND 1),
    engagement_level text             NOT NULL
                     CHECK (engagement_level IN ('low', 'medium', 'high')),
    materialization  bigint           NOT NULL,
    identity_hash    bigint           NOT NULL,
    PRIMARY KEY (materialization, user_id, campaign_id)
);
CREATE INDEX IF NOT EXISTS user_engagement_audience
    ON {schema}.user_engagement (materialization, campaign_id, engagement_score DESC, user_id);

CREATE TABLE IF NOT EXISTS {schema}.campaign_performance (
    campaign_id          text COLLATE "C" NOT NULL,
    message_count        bigint           NOT NULL,
    user_count           bigint           NOT NULL,
    active_days          bigint           NOT NULL,
    messages_per_user    double precision NOT NULL,
    returning_user_share double precision NOT NULL CHECK (returning_user_share BETWEEN 0 AND 1),
    recent_message_count bigint           NOT NULL,
    first_at             timestamptz      NOT NULL,
    last_at              timestamptz      NOT NULL,
    performance_score    double precision NOT NULL CHECK (performance_score BETWEEN 0 AND 1),
    materialization      bigint           NOT NULL,
    identity_hash        bigint           NOT NULL,
    PRIMARY KEY (materialization, campaign_id)
);

CREATE TABLE IF NOT EXISTS {schema}.daily_activity (
    event_day             date     NOT NULL,
    message_count         bigint   NOT NULL,
    user_count            bigint   NOT NULL,
    campaign_count        bigint   NOT NULL,
    hourly_message_counts bigint[] NOT NULL CHECK (cardinality(hourly_message_counts) = 24),
    materialization       bigint   NOT NULL,
    identity_hash         bigint   NOT NULL,
    PRIMARY KEY (materialization, event_day)
);

CREATE TABLE IF NOT EXISTS {schema}.campaigns (
    campaign_id     text COLLATE "C" NOT NULL,
    name            text             NOT NULL,
    topic           text             NOT NULL,
    description     text             NOT NULL,
    tags            text[]           NOT NULL,
    starts_on       date,
    ends_on         date,
    is_active       boolean          NOT NULL,
    materialization bigint           NOT NULL,
    identity_hash   bigint           NOT NULL,
    PRIMARY KEY (materialization, campaign_id),
    CHECK (starts_on <= ends_on)
);

CREATE TABLE IF NOT EXISTS {schema}.materializations (
    materialization bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset           text        NOT NULL,
    partition       text        NOT NULL,
    dagster_run_id  text        NOT NULL,
    begun_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at    timestamptz,
    row_count       bigint,
    identity_hash   bigint,
    CHECK ((completed_at IS NULL) = (row_count IS NULL)),
    CHECK ((completed_at IS NULL) = (identity_hash IS NULL))
);
CREATE INDEX IF NOT EXISTS materializations_latest
    ON {schema}.materializations (asset, partition, materialization DESC);

CREATE TABLE IF NOT EXISTS {schema}.releases (
    number          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    release_id      text        NOT NULL PRIMARY KEY,
    published_at    timestamptz NOT NULL,
    dagster_run_id  text        NOT NULL UNIQUE,
    data_through    date        NOT NULL,
    row_counts      jsonb       NOT NULL,
    quality         jsonb       NOT NULL,
    ranking         jsonb       NOT NULL,
    embedding_model text        NOT NULL,
    predecessor     text        REFERENCES {schema}.releases,
    is_kept         boolean     NOT NULL DEFAULT TRUE
);

-- What a release that is kept serves. Of the others only the row above remains.
CREATE TABLE IF NOT EXISTS {schema}.release_materializations (
    release_id      text   NOT NULL REFERENCES {schema}.releases,
    materialization bigint NOT NULL REFERENCES {schema}.materializations,
    PRIMARY KEY (release_id, materialization)
);
CREATE INDEX IF NOT EXISTS release_materializations_named
    ON {schema}.release_materializations (materialization);

-- The last row says what is served. Rows are only added.
CREATE TABLE IF NOT EXISTS {schema}.serving (
    number     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id text        NOT NULL REFERENCES {schema}.releases,
    since      timestamptz NOT NULL DEFAULT clock_timestamp(),
    action     text        NOT NULL CHECK (action IN ('publish', 'rollback'))
);

CREATE TABLE IF NOT EXISTS {schema}.erasure_salt (
    only_one boolean NOT NULL PRIMARY KEY DEFAULT TRUE CHECK (only_one),
    salt     bytea   NOT NULL
);

-- subject_hash remains. user_id is NULL from the last state on, and completed_at until no page of
-- the table holds what it was.
CREATE TABLE IF NOT EXISTS {schema}.erasures (
    erasure_id   text             NOT NULL PRIMARY KEY,
    subject_hash text             NOT NULL,
    user_id      text COLLATE "C",
    state        text             NOT NULL CHECK (state IN ('requested', 'scrubbed', 'completed')),
    requested_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    scrubbed_at  timestamptz,
    completed_at timestamptz,
    receipt      jsonb            NOT NULL DEFAULT '{{}}',
    CHECK ((state = 'completed') = (user_id IS NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS erasures_open
    ON {schema}.erasures (user_id) WHERE user_id IS NOT NULL;

-- One row an item of a reply. user_id is NULL in an anonymous session.
CREATE TABLE IF NOT EXISTS {schema}.exposures (
    request_id  text             NOT NULL,
    user_id     text COLLATE "C",
    campaign_id text COLLATE "C" NOT NULL,
    rank        integer          NOT NULL CHECK (rank >= 1),
    strategy    text             NOT NULL,
    release_id  text             NOT NULL,
    shown_at    timestamptz      NOT NULL,
    UNIQUE NULLS NOT DISTINCT (request_id, user_id, campaign_id)
);
CREATE INDEX IF NOT EXISTS exposures_of_user ON {schema}.exposures (user_id);
CREATE INDEX IF NOT EXISTS exposures_of_campaign ON {schema}.exposures (campaign_id);
-- Rows come about in the order of their time.
CREATE INDEX IF NOT EXISTS exposures_by_time ON {schema}.exposures USING brin (shown_at);

CREATE TABLE IF NOT EXISTS {schema}.feedback (
    request_id  text             NOT NULL,
    user_id     text COLLATE "C",
    campaign_id text COLLATE "C" NOT NULL,
    kind        text             NOT NULL
                CHECK (kind IN ('impression', 'click', 'dismiss', 'conversion')),
    occurred_at timestamptz      NOT NULL,
    recorded_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (request_id, user_id, campaign_id, kind)
);
CREATE INDEX IF NOT EXISTS feedback_of_user ON {schema}.feedback (user_id, kind);
CREATE INDEX IF NOT EXISTS feedback_of_campaign ON {schema}.feedback (campaign_id, kind);

-- Rows are only added. It names no user.
CREATE TABLE IF NOT EXISTS {schema}.audit_log (
    number     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    key_id     text        NOT NULL,
    action     text        NOT NULL,
    subject    text        NOT NULL,
    outcome    text        NOT NULL,
    request_id text        NOT NULL
);
""")


@dataclass(frozen=True, slots=True)
class Table:
    """`key` identifies a row within a materialization."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]


USER_ENGAGEMENT = Table("user_engagement", USER_ENGAGEMENT_SCHEMA, ("user_id", "campaign_id"))
CAMPAIGN_PERFORMANCE = Table("campaign_performance", CAMPAIGN_PERFORMANCE_SCHEMA, ("campaign_id",))
DAILY_ACTIVITY = Table("daily_activity", DAILY_ACTIVITY_SCHEMA, ("event_day",))
CAMPAIGNS = Table("campaigns", CAMPAIGN_SCHEMA, ("campaign_id",))
DATA_TABLES = (USER_ENGAGEMENT, CAMPAIGN_PERFORMANCE, DAILY_ACTIVITY, CAMPAIGNS)

# Tables and indexes: with all of them there, _CREATE_TABLES changes nothing.
_CREATED: Final = re.findall(
    r"(?:TABLE|INDEX) IF NOT EXISTS (?:\{schema\}\.)?(\w+)", _CREATE_TABLES.as_string()
)

# The column that came last to a table there was before tells the version.
_STATE: Final = """
SELECT EXISTS (SELECT FROM information_schema.tables
               WHERE table_schema = %(schema)s AND table_name = 'user_engagement')
       AND NOT EXISTS (SELECT FROM information_schema.columns
                       WHERE table_schema = %(schema)s AND table_name = 'releases'
                             AND column_name = 'ranking') AS is_former,
       (SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = %(schema)s AND relname = ANY(%(created)s::text[]))
       = cardinality(%(created)s::text[]) AS is_complete
"""


class FormerTables(Exception):
    """The schema was created by a version whose releases did not say how they are ranked."""


def prepare(connection: psycopg.Connection, schema_name: str) -> None:
    """Create the schema and every table where missing. Safe to run concurrently.

    Cheap where nothing is missing. CREATE INDEX IF NOT EXISTS itself would lock its table
    before it looks, and wait for whoever deletes from it or compacts it.
    """
    if _is_complete(connection, schema_name):
        return
    with connection.transaction():
        connection.execute(_LOCK_SET_UP)
        connection.execute(SQL("SET LOCAL ") + LOCK_TIMEOUT)
        if not _is_complete(connection, schema_name):
            connection.execute(_CREATE_TABLES.format(schema=Identifier(schema_name)))


def _is_complete(connection: psycopg.Connection, schema_name: str) -> bool:
    """Raises `FormerTables`."""
    values = {"schema": schema_name, "created": _CREATED}
    [(is_former, is_complete)] = connection.execute(_STATE, values).fetchall()
    if is_former:
        raise FormerTables(
            f"schema {schema_name!r} is that of an earlier version: `mpp reset`, or drop it, "
            "and ingest again"
        )
    return bool(is_complete)

"""Writing and reading the data tables."""

from typing import Final, LiteralString

from psycopg.sql import SQL

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

SELECT_DIGESTS: Final = SQL("""
SELECT materialization, count(*), sum(identity_hash)::bigint
FROM {table} WHERE materialization = ANY(%(materializations)s)
GROUP BY materialization
""")
SELECT_ROWS: Final = SQL(
    "SELECT {columns} FROM {table} WHERE materialization = ANY(%(materializations)s)"
)
DELETE_ROWS: Final = SQL("DELETE FROM {table} WHERE materialization = ANY(%(materializations)s)")
COUNT_ROWS_OF_USER: Final = SQL("SELECT count(*) FROM {table} WHERE user_id = %(user_id)s")

SELECT_USER_ENGAGEMENT: Final = SQL("""
SELECT user_id, campaign_id, message_count, active_days, first_at, last_at,
       engagement_score, engagement_level
FROM {schema}.user_engagement
WHERE materialization = %(materialization)s AND user_id = %(user_id)s
ORDER BY engagement_score DESC, last_at DESC, campaign_id
""")

SELECT_CAMPAIGN_PERFORMANCES: Final = SQL("""
SELECT campaign_id, message_count, user_count, active_days, messages_per_user,
       returning_user_share, recent_message_count, first_at, last_at, performance_score
FROM {schema}.campaign_performance
WHERE materialization = %(materialization)s
ORDER BY performance_score DESC, campaign_id
""")

SELECT_CAMPAIGNS: Final = SQL("""
SELECT campaign_id, name, topic, description, tags, starts_on, ends_on, is_active
FROM {schema}.campaigns
WHERE materialization = %(materialization)s
ORDER BY campaign_id
""")

# A prefix is no pattern: it has no wildcards to escape.
SELECT_USERS: Final = SQL("""
SELECT user_id, sum(message_count)::bigint AS message_count, count(*) AS campaign_count,
       min(first_at) AS first_at, max(last_at) AS last_at,
       max(engagement_score) AS engagement_score
FROM {schema}.user_engagement
WHERE materialization = %(materialization)s AND user_id > %(after)s
      AND starts_with(user_id, %(prefix)s)
GROUP BY user_id
ORDER BY user_id
LIMIT %(limit)s
""")

_AUDIENCE: LiteralString = """
FROM {schema}.user_engagement
WHERE materialization = %(materialization)s AND campaign_id = %(campaign_id)s
"""
SELECT_AUDIENCE: Final = SQL(
    """
SELECT user_id, campaign_id, message_count, active_days, first_at, last_at,
       engagement_score, engagement_level
"""
    + _AUDIENCE
    + """
      AND (%(level)s::text IS NULL OR engagement_level = %(level)s)
      AND (%(after_score)s::float8 IS NULL OR engagement_score < %(after_score)s
           OR (engagement_score = %(after_score)s AND user_id > %(after_user_id)s))
ORDER BY engagement_score DESC, user_id
LIMIT %(limit)s
"""
)
COUNT_AUDIENCE: Final = SQL(
    "SELECT engagement_level, count(*) AS user_count" + _AUDIENCE + "GROUP BY engagement_level"
)

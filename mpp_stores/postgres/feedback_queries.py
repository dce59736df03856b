"""What replies showed, and what was made of it. NULL as a user is an anonymous session."""

from typing import Final

from psycopg.sql import SQL

# Showing and saying the same again adds nothing.
# An array as JSON: one value to send, where lists of all columns would be thousands.
INSERT_EXPOSURES: Final = SQL("""
INSERT INTO {schema}.exposures
       (request_id, user_id, campaign_id, rank, strategy, release_id, shown_at)
SELECT request_id, user_id, campaign_id, first_rank + place - 1, strategy, release_id, shown_at
FROM jsonb_to_recordset(%(exposures)s::jsonb) AS exposure (
    request_id text, user_id text, campaign_ids text[], strategy text, release_id text,
    shown_at timestamptz, first_rank int
)
CROSS JOIN unnest(campaign_ids) WITH ORDINALITY AS shown (campaign_id, place)
ON CONFLICT DO NOTHING
""")
# Lists of the same length, a row an index.
INSERT_FEEDBACK: Final = SQL("""
INSERT INTO {schema}.feedback (request_id, user_id, campaign_id, kind, occurred_at)
SELECT * FROM unnest(
    %(request_ids)s::text[], %(user_ids)s::text[], %(campaign_ids)s::text[], %(kinds)s::text[],
    %(occurred_at)s::timestamptz[]
)
ON CONFLICT DO NOTHING
RETURNING request_id, user_id, campaign_id, kind
""")

SELECT_DISMISSED: Final = SQL("""
SELECT DISTINCT campaign_id FROM {schema}.feedback
WHERE user_id = %(user_id)s AND kind = 'dismiss'
""")
SELECT_DISMISSALS: Final = SQL("""
SELECT campaign_id, max(occurred_at) AS dismissed_at FROM {schema}.feedback
WHERE user_id = %(user_id)s AND kind = 'dismiss'
GROUP BY campaign_id
ORDER BY dismissed_at DESC, campaign_id
""")
DELETE_DISMISSALS: Final = SQL("""
DELETE FROM {schema}.feedback
WHERE user_id = %(user_id)s AND campaign_id = %(campaign_id)s AND kind = 'dismiss'
""")

# What was ever shown, and what a release describes or has messages of.
SELECT_KNOWN_CAMPAIGNS: Final = SQL("""
SELECT campaign_id FROM unnest(%(campaign_ids)s::text[]) AS asked (campaign_id)
WHERE EXISTS (SELECT FROM {schema}.exposures AS shown
              WHERE shown.campaign_id = asked.campaign_id)
   OR EXISTS (SELECT FROM {schema}.campaign_performance AS active
              WHERE active.materialization = %(campaign_performance)s::bigint
                AND active.campaign_id = asked.campaign_id)
   OR EXISTS (SELECT FROM {schema}.campaigns AS described
              WHERE described.materialization = %(campaigns)s::bigint
                AND described.campaign_id = asked.campaign_id)
""")

COUNT_EXPOSURES: Final = SQL("""
SELECT count(*) FROM {schema}.exposures WHERE campaign_id = %(campaign_id)s
""")
COUNT_FEEDBACK: Final = SQL("""
SELECT kind, count(*) FROM {schema}.feedback WHERE campaign_id = %(campaign_id)s GROUP BY kind
""")

DELETE_EXPOSURES: Final = SQL("""
DELETE FROM {schema}.exposures
WHERE shown_at < clock_timestamp() - make_interval(days => %(days)s)
""")

DELETE_OF_USER: Final = SQL("DELETE FROM {table} WHERE user_id = %(user_id)s")
COUNT_OF_USER: Final = SQL("SELECT count(*) FROM {table} WHERE user_id = %(user_id)s")

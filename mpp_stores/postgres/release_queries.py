"""Publishing, serving and retiring releases."""

from typing import Final, LiteralString

from psycopg.sql import SQL

from mpp_stores.postgres.materialization_queries import COLUMNS as MATERIALIZATION_COLUMNS

# Serialises publishing, rolling back and retiring: each sees what the one before it left.
LOCK_RELEASES: Final = SQL("LOCK TABLE {schema}.serving IN SHARE ROW EXCLUSIVE MODE")

_COLUMNS: LiteralString = """
    release_id, published_at, dagster_run_id, data_through, row_counts, quality, ranking,
    embedding_model, predecessor, is_kept
"""
_RELEASES: LiteralString = "SELECT " + _COLUMNS + " FROM {schema}.releases\n"
_SERVED: LiteralString = "(SELECT release_id FROM {schema}.serving ORDER BY number DESC LIMIT 1)"

SELECT_SERVED: Final = SQL(_RELEASES + "WHERE release_id = " + _SERVED)
SELECT_RELEASE: Final = SQL(_RELEASES + "WHERE release_id = %(release_id)s")
SELECT_RELEASE_OF_RUN: Final = SQL(_RELEASES + "WHERE dagster_run_id = %(dagster_run_id)s")
SELECT_RELEASES: Final = SQL(
    _RELEASES
    + """
WHERE %(before)s::text IS NULL
      OR number < (SELECT number FROM {schema}.releases WHERE release_id = %(before)s)
ORDER BY number DESC
LIMIT %(limit)s
"""
)

# A release's id reads 20261124T052300Z-1f0c2a9b: UTC time by the server's clock, start of run id.
INSERT_RELEASE: Final = SQL(
    """
INSERT INTO {schema}.releases
       (release_id, published_at, dagster_run_id, data_through, row_counts, quality, ranking,
        embedding_model, predecessor)
SELECT to_char(published_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z-"')
           || left(%(dagster_run_id)s::text, 8),
       published_at, %(dagster_run_id)s, %(data_through)s, '{{}}', %(quality)s, %(ranking)s,
       %(embedding_model)s,
       """
    + _SERVED
    + """
FROM (SELECT clock_timestamp() AS published_at) AS now
RETURNING release_id
"""
)

# The newest completed materialization of every partition of every asset; where a release is
# renewed, of the assets that are not %(renewed)s those that it names.
NAME_MATERIALIZATIONS: Final = SQL("""
INSERT INTO {schema}.release_materializations (release_id, materialization)
SELECT DISTINCT ON (asset, partition) %(release_id)s, materialization
FROM {schema}.materializations AS candidate
WHERE completed_at IS NOT NULL
  AND (%(former)s::text IS NULL OR asset = ANY(%(renewed)s)
       OR EXISTS (SELECT FROM {schema}.release_materializations AS named
                  WHERE named.materialization = candidate.materialization
                    AND named.release_id = %(former)s))
ORDER BY asset, partition, materialization DESC
""")

# Whose rows may be half replaced: begun after all that is completed.
SELECT_UNFINISHED: Final = SQL("""
SELECT DISTINCT asset, partition
FROM {schema}.materializations AS begun
WHERE asset = ANY(%(assets)s) AND completed_at IS NULL
  AND NOT EXISTS (SELECT FROM {schema}.materializations AS newer
                  WHERE newer.asset = begun.asset AND newer.partition = begun.partition
                    AND newer.materialization > begun.materialization
                    AND newer.completed_at IS NOT NULL)
ORDER BY asset, partition
""")

COUNT_ROWS: Final = SQL(
    """
UPDATE {schema}.releases
SET row_counts = (
    SELECT coalesce(jsonb_object_agg(asset, row_count), '{{}}')
    FROM (SELECT asset, sum(row_count) AS row_count
          FROM {schema}.release_materializations JOIN {schema}.materializations
               USING (materialization)
          WHERE release_id = %(release_id)s
          GROUP BY asset) AS counted
)
WHERE release_id = %(release_id)s
RETURNING """
    + _COLUMNS
)

SERVE: Final = SQL(
    "INSERT INTO {schema}.serving (release_id, action) VALUES (%(release_id)s, %(action)s)"
)

_CONTENTS: LiteralString = (
    "SELECT "
    + MATERIALIZATION_COLUMNS
    + """
FROM {schema}.release_materializations JOIN {schema}.materializations USING (materialization)
WHERE release_id = %(release_id)s
"""
)
# Of these partitions, or of all: lake/landed_events has one for every batch there ever was.
SELECT_CONTENTS: Final = SQL(
    _CONTENTS
    + """
      AND (%(partitions)s::text[] IS NULL OR partition = ANY(%(partitions)s))
ORDER BY asset, partition
"""
)
SELECT_CONTENTS_AFTER: Final = SQL(
    _CONTENTS
    + """
      AND (%(asset)s::text IS NULL OR asset = %(asset)s)
      AND materialization > %(after)s
ORDER BY materialization
LIMIT %(limit)s
"""
)

SELECT_NUMBERS: Final = SQL("""
SELECT asset, array_agg(materialization ORDER BY partition) AS numbers
FROM {schema}.release_materializations JOIN {schema}.materializations USING (materialization)
WHERE release_id = %(release_id)s AND asset = ANY(%(assets)s)
GROUP BY asset
""")

RETIRE: Final = SQL(
    """
UPDATE {schema}.releases SET is_kept = FALSE
WHERE is_kept AND release_id <> """
    + _SERVED
    + """
      AND number NOT IN (SELECT number FROM {schema}.releases ORDER BY number DESC LIMIT %(keep)s)
RETURNING release_id
"""
)
UNNAME_MATERIALIZATIONS: Final = SQL("""
DELETE FROM {schema}.release_materializations WHERE release_id = ANY(%(release_ids)s)
""")

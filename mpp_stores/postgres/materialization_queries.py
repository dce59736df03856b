"""Numbering materializations, and which of them are needed."""

from typing import Final, LiteralString

from psycopg.sql import SQL

BEGIN: Final = SQL("""
INSERT INTO {schema}.materializations (asset, partition, dagster_run_id)
SELECT %(asset)s, partition, %(dagster_run_id)s FROM unnest(%(partitions)s::text[]) AS partition
RETURNING partition, materialization
""")

COMPLETE: Final = SQL("""
UPDATE {schema}.materializations
SET completed_at = coalesce(completed_at, clock_timestamp()),
    row_count = %(row_count)s, identity_hash = %(identity_hash)s
WHERE materialization = %(materialization)s
""")

COLUMNS: LiteralString = """
    materialization, asset, partition, dagster_run_id, begun_at, completed_at,
    row_count, identity_hash
"""

SELECT_LATEST: Final = SQL(
    "SELECT DISTINCT ON (partition) "
    + COLUMNS
    + """
FROM {schema}.materializations
WHERE asset = %(asset)s AND completed_at IS NOT NULL
ORDER BY partition, materialization DESC
"""
)

# Of which no release that is served names the newest that is completed.
SELECT_UNPUBLISHED: Final = SQL("""
SELECT partition, max(materialization) AS newest
FROM {schema}.materializations
WHERE asset = %(asset)s AND completed_at IS NOT NULL
GROUP BY partition
HAVING NOT EXISTS (
    SELECT FROM {schema}.release_materializations AS named
    WHERE named.materialization = max(materializations.materialization)
      AND named.release_id =
          (SELECT release_id FROM {schema}.serving ORDER BY number DESC LIMIT 1)
)
""")

# Also of what was never completed. A release that is kept names all that is newest, so that going
# back to another leaves nothing behind.
SELECT_LEFT_BEHIND: Final = SQL("""
SELECT max(materialization) AS newest, partition
FROM {schema}.materializations
WHERE asset = ANY(%(assets)s)
GROUP BY asset, partition
HAVING max(begun_at) <= clock_timestamp() - make_interval(secs => %(for_seconds)s)
   AND NOT EXISTS (SELECT FROM {schema}.release_materializations AS named
                   WHERE named.materialization = max(materializations.materialization))
""")

SELECT_HELD: Final = SQL("""
SELECT DISTINCT partition
FROM {schema}.materializations JOIN {schema}.release_materializations USING (materialization)
WHERE asset = %(asset)s AND partition = ANY(%(partitions)s) AND row_count > 0
""")

SELECT_ABANDONED: Final = SQL("""
SELECT materialization
FROM {schema}.materializations
WHERE asset = %(asset)s AND materialization < %(before)s AND completed_at IS NULL
ORDER BY materialization
""")

SELECT_FIRST_BEGUN: Final = SQL("""
SELECT partition, min(begun_at) AS first_begun_at
FROM {schema}.materializations
WHERE asset = %(asset)s
GROUP BY partition
""")

# A run that is not %(except_run)s is over: runs hold the pipeline's lock one at a time.
SELECT_DROPPABLE: Final = SQL("""
SELECT asset, materialization
FROM {schema}.materializations AS candidate
WHERE NOT EXISTS (SELECT FROM {schema}.release_materializations AS named
                  WHERE named.materialization = candidate.materialization)
  AND CASE
          WHEN completed_at IS NULL AND asset <> ALL(%(in_place)s)
          THEN dagster_run_id <> %(except_run)s
          ELSE EXISTS (SELECT FROM {schema}.materializations AS newer
                       WHERE newer.asset = candidate.asset
                         AND newer.partition = candidate.partition
                         AND newer.materialization > candidate.materialization
                         AND newer.completed_at IS NOT NULL)
      END
ORDER BY asset, materialization
""")

FORGET: Final = SQL(
    "DELETE FROM {schema}.materializations WHERE materialization = ANY(%(materializations)s)"
)

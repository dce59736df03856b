"""Does Milvus hold the lake's messages, users and vectors?"""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.asset_checks import (
    checked_days,
    holds_every,
    holds_every_message,
    profiles_are_unit_vectors,
    result,
    store_check,
)
from mpp_assets.defs.vectors.assets import message_vectors, user_profiles
from mpp_assets.jobs.embeddings import read_message_embeddings
from mpp_assets.jobs.vector_quality import ids_of_differing_copies
from mpp_assets.resources import Platform

SAMPLED_DAYS = 3

message_vectors_hold_every_message = holds_every_message(message_vectors)
user_profiles_hold_every_user = holds_every(
    user_profiles, "user", lambda events: events.select("user_id").distinct()
)
user_profiles_are_unit_vectors = profiles_are_unit_vectors(user_profiles)


@store_check(asset=message_vectors, name="vectors_equal_the_lakes", blocking=True)
def vectors_equal_the_lakes(
    context: dg.AssetCheckExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.AssetCheckResult:
    """Are sampled vectors of the latest days with messages the ones that were computed?"""
    # A driver that only this check and writing need.
    from mpp_stores.milvus.writer import MessageVectors  # noqa: PLC0415

    with_rows = checked_days(context, platform, message_vectors, least_rows=1)
    days = sorted(with_rows.items())[-SAMPLED_DAYS:]
    rows = read_message_embeddings(spark.spark_session, platform.lake, [day for day, _ in days])
    with MessageVectors(platform.settings) as target:
        differing = {
            day.isoformat(): ids
            for day, number in days
            if (ids := ids_of_differing_copies(rows, target, number, day))
        }
    return result(differing, days=len(days))

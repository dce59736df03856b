"""Are the events and their vectors fit to be served?"""

from datetime import UTC, date, datetime

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.asset_checks import checked_days, result, store_check
from mpp_assets.defs.conversations.assets import conversation_events, message_embeddings
from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.embeddings import read_message_embeddings
from mpp_assets.jobs.event_quality import ids_with_nulls, repeated_ids, unusual_days
from mpp_assets.jobs.vector_quality import days_of_other_models, ids_of_bad_vectors
from mpp_assets.resources import Platform
from mpp_stores.postgres import materializations


@store_check(asset=conversation_events, name="message_ids_are_unique", blocking=True)
def message_ids_are_unique(platform: Platform, spark: LazyPySparkResource) -> dg.AssetCheckResult:
    """Is every message_id that of one row, over all days? A message can move between days."""
    repeated = repeated_ids(read_conversation_events(spark.spark_session, platform.lake))
    return result({"repeated": repeated} if repeated else {})


@store_check(asset=conversation_events, name="required_fields_are_there", blocking=True)
def has_required_fields(
    context: dg.AssetCheckExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.AssetCheckResult:
    """Does every event have its id, user, campaign, text and time?"""
    days = list(checked_days(context, platform, conversation_events))
    return result(
        ids_with_nulls(read_conversation_events(spark.spark_session, platform.lake, days))
    )


@store_check(asset=conversation_events, name="volume_is_usual")
def volume_is_usual(
    context: dg.AssetCheckExecutionContext, platform: Platform
) -> dg.AssetCheckResult:
    """Has each day about as many messages as the days before it, and today not far more?"""
    newest = materializations.latest(platform.settings, conversation_events.key.to_user_string())
    counts = {date.fromisoformat(day): each.row_count or 0 for day, each in newest.items()}
    days = sorted(checked_days(context, platform, conversation_events))
    found = result(unusual_days(counts, days, datetime.now(UTC).date()))
    return found._replace(severity=dg.AssetCheckSeverity.WARN)


@store_check(asset=message_embeddings, name="one_model_embedded_all_days", blocking=True)
def one_model_embedded_all_days(platform: Platform) -> dg.AssetCheckResult:
    """Are the vectors of every day of the model that is set? Those of two models cannot be
    compared. After a change of the model, materialize all days in one run."""
    model = platform.settings.embedding_model
    others = days_of_other_models(platform.lake, model)
    return result(others, model=model)


@store_check(asset=message_embeddings, name="vectors_are_unit_vectors", blocking=True)
def vectors_are_unit_vectors(
    context: dg.AssetCheckExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.AssetCheckResult:
    """Has every vector the model's dimension, finite numbers and length 1?"""
    days = list(checked_days(context, platform, message_embeddings))
    return result(
        ids_of_bad_vectors(read_message_embeddings(spark.spark_session, platform.lake, days))
    )

"""The release: what the API serves from, published when everything before it succeeded."""

from time import sleep

import dagster as dg

from mpp_assets.column_lineage import column_lineage
from mpp_assets.defs.campaigns.assets import campaign_profiles, campaigns
from mpp_assets.defs.conversations.assets import conversation_events, message_embeddings
from mpp_assets.defs.documents.assets import conversations
from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.defs.graph.assets import engaged_with, message_graph
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.reporting.assets import analytics_report
from mpp_assets.defs.vectors.assets import message_vectors, user_profiles
from mpp_assets.jobs.accounting import unaccounted
from mpp_assets.jobs.retention import (
    IN_PLACE,
    LANDED_EVENTS,
    drop_old_exposures,
    drop_unneeded,
    half_refreshed,
    refreshed_landings,
    unbuilt_days,
)
from mpp_assets.jobs.vector_quality import days_of_other_models
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.settings import PipelineSettings
from mpp_assets.store_assets import AFTER_UPSTREAM, FRESHNESS, OWNERS, RETRY, column_metadata
from mpp_stores.errors import StoreError, StoreRejected
from mpp_stores.lake import BatchSummary
from mpp_stores.postgres.materializations import held
from mpp_stores.postgres.releases import contents, current_release, publish
from mpp_stores.records import Release
from mpp_stores.reports import show_report
from mpp_stores.target import Digest

PUBLISHED = [
    conversation_events,
    message_embeddings,
    message_vectors,
    user_profiles,
    campaign_profiles,
    message_graph,
    engaged_with,
    conversations,
    user_engagement,
    campaign_performance,
    daily_activity,
    campaigns,
    analytics_report,
]
RENEWED_TAG = "mpp/renews"
"""Of a run that publishes one asset anew, and of all others what is served: the asset's name."""
# The API looks for the served release about once a second, and answers within two.
_READERS_LEAVE_SECONDS = 4.0
# One row a message, so they hold the same messages of every day.
MESSAGE_ASSETS = [
    asset.key.to_user_string()
    for asset in (
        conversation_events,
        message_embeddings,
        message_vectors,
        message_graph,
        conversations,
    )
]


_COLUMNS = (
    dg.TableColumn("release_id", "text", "The release; replies and keys of the cache name it"),
    dg.TableColumn("published_at", "timestamptz", "When it was published"),
    dg.TableColumn("dagster_run_id", "text", "The run that published it"),
    dg.TableColumn("data_through", "date", "Last day that has events"),
    dg.TableColumn("row_counts", "jsonb", "Rows of each asset"),
    dg.TableColumn("quality", "jsonb", "Shares of the records read: accepted, rejected, repeated"),
    dg.TableColumn("ranking", "jsonb", "Weights by which the API ranks campaigns"),
    dg.TableColumn("embedding_model", "text", "The model that its vectors are of"),
    dg.TableColumn("predecessor", "text", "The release that was served before"),
    dg.TableColumn("is_kept", "boolean", "Whether the stores still hold its rows"),
)


@dg.asset(
    key=["postgres", "serving_release"],
    group_name="serving",
    deps=PUBLISHED,
    retry_policy=RETRY,
    kinds={"postgres"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=column_metadata(_COLUMNS),
)
def serving_release(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    """One row a published state of all stores. Redis keys carry its id, so publishing
    invalidates every cached reply at once.

    Refuses to publish assets that are older than what they are made of, stores of messages
    that disagree about a day, days of the lake that may be half replaced, landings of which some
    days were built and others were not, or that do not account for every record, and vectors of
    another model than the one that is set. A run that renews one asset publishes it with what
    is served.
    """
    settings, renewed = platform.settings, context.run.tags.get(RENEWED_TAG)
    try:
        if renewed is None:
            release = _of_what_is_newest(context.run_id, platform)
        else:
            release = _of_what_is_served_but(renewed, context.run_id, settings)
    except StoreRejected as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    show_report(settings.reports, _report_of(settings, release))
    if release.predecessor and not contents(settings, release.predecessor):
        sleep(_READERS_LEAVE_SECONDS)  # its rows go below
    return dg.MaterializeResult(
        metadata={
            "release_id": release.release_id,
            "data_through": release.data_through.isoformat(),
            "predecessor": release.predecessor or "none",
            "row_counts": dg.MetadataValue.json(release.row_counts),
            "dagster/row_count": 1,
            "dropped": dg.MetadataValue.json(_dropped(context, settings)),
            "dagster/column_lineage": column_lineage(context.asset_key),
        }
    )


def _of_what_is_newest(run_id: str, platform: Platform) -> Release:
    settings, lake = platform.settings, platform.lake
    if others := days_of_other_models(lake, settings.embedding_model):
        raise dg.Failure(
            f"MPP_EMBEDDING_MODEL is {settings.embedding_model}, but days were embedded by other "
            f"models: {others}; materialize all days in one run, as `mpp refresh` does",
            allow_retries=False,
        )
    unpublished = unbuilt_days(settings, lake)
    if half := half_refreshed(settings, unpublished):
        raise dg.Failure(
            f"readers would see half of these batches, of which days are still to be refreshed: "
            f"{half}; the refresh sensor does so, or `mpp refresh` of these days",
            allow_retries=False,
        )
    landings = refreshed_landings(unpublished)
    if wrong := unaccounted(lake, landings):
        raise dg.Failure(f"not every record read is accounted for: {wrong}", allow_retries=False)
    # Going back behind a withdrawal would show what was withdrawn.
    withdrawn = [batch.batch for batch in landings if batch.withdrawn]
    keep = 0 if held(settings, LANDED_EVENTS, withdrawn) else settings.kept_releases
    return publish(
        settings,
        dagster_run_id=run_id,
        data_through=lake.data_through(),
        quality=_quality(lake.summaries()),
        agreeing=MESSAGE_ASSETS,
        upstream=_upstream(),
        in_place=IN_PLACE,
        including={batch.landing: Digest(batch.accepted, 0) for batch in landings},
        keep=keep,
        ranking=settings.ranking,
        embedding_model=settings.embedding_model,
    )


def _of_what_is_served_but(renewed: str, run_id: str, settings: PipelineSettings) -> Release:
    """With the newest of one asset. Nothing else is published: of what is newer than the served
    release, no run that publishes it has passed the checks."""
    served = current_release(settings)
    if served is None:
        raise dg.Failure("nothing is published yet: `mpp ingest` does", allow_retries=False)
    return publish(
        settings,
        dagster_run_id=run_id,
        data_through=served.data_through,
        quality=served.quality,
        former=served.release_id,
        renewed=[renewed],
        keep=settings.kept_releases,
        ranking=settings.ranking,
        embedding_model=served.embedding_model,
    )


def _upstream() -> dict[str, list[str]]:
    """What each asset is made of. A release names landings that were refreshed, so what
    conversation events are made of is not asked."""
    return {
        asset.key.to_user_string(): [
            key.to_user_string() for key in asset.asset_deps[asset.key] if key != landed_events.key
        ]
        for asset in PUBLISHED
    }


def _report_of(settings: PipelineSettings, release: Release) -> int:
    [number] = [
        each.materialization
        for each in contents(settings, release.release_id)
        if each.asset == analytics_report.key.to_user_string()
    ]
    return number


def _dropped(context: dg.AssetExecutionContext, settings: PipelineSettings) -> dict[str, int]:
    """Rows dropped by target. What a store does not do now, the next release does: the release
    stands in any case."""
    try:
        return drop_unneeded(settings, context.run_id) | drop_old_exposures(settings)
    except StoreError as error:
        context.log.warning("rows that no release needs are left for the next one: %s", error)
        return {}


def _quality(batches: list[BatchSummary]) -> dict[str, float]:
    """Shares of all records read: accepted, rejected and duplicates. Of no record, none."""
    read = sum(batch.read for batch in batches)
    return {
        f"{outcome}_share": sum(getattr(batch, outcome) for batch in batches) / read
        for outcome in ("accepted", "rejected", "duplicates")
        if read
    }

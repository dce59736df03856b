"""What is known of each campaign: what the campaign file says, and what is written in it."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.conversations.assets import message_embeddings
from mpp_assets.jobs.campaigns import token_of, write_campaigns
from mpp_assets.jobs.profiles import campaign_profiles as build_campaign_profiles
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    AFTER_UPSTREAM,
    FRESHNESS,
    OWNERS,
    RETRY,
    begin,
    complete,
    fill_target,
    table_metadata,
)
from mpp_stores.campaigns import InvalidCampaigns, read_campaigns
from mpp_stores.records import CAMPAIGN_PROFILE_SCHEMA, CAMPAIGN_SCHEMA, Campaign
from mpp_stores.targets import open_target

FILE_METADATA = "file"
"""Of a materialization: the token of what the campaign file said."""


@dg.asset(
    key=["postgres", "campaigns"],
    group_name="campaigns",
    retry_policy=RETRY,
    kinds={"json", "postgres"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    metadata=table_metadata(CAMPAIGN_SCHEMA),
)
def campaigns(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    """The campaign file: names, topics, tags, and when each campaign runs."""
    described = described_campaigns(platform)
    numbers = begin(context, platform)
    [number] = numbers.values()
    with open_target(context.asset_key.to_user_string(), platform.settings) as target:
        digest = write_campaigns(described, target, number)
    metadata = {"written": digest.row_count, FILE_METADATA: token_of(described, number)}
    return complete(context, platform, numbers, {number: digest}, metadata)


@dg.asset(
    key=["milvus", "campaign_profiles"],
    group_name="campaigns",
    deps=[message_embeddings],
    retry_policy=RETRY,
    kinds={"spark", "milvus"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=table_metadata(CAMPAIGN_PROFILE_SCHEMA),
)
def campaign_profiles(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Every campaign's mean message vector: what people talk about in it."""
    profiles = build_campaign_profiles(spark.spark_session, platform.lake)
    return fill_target(context, platform, profiles)


def described_campaigns(platform: Platform) -> list[Campaign]:
    """What the campaign file says. A file that is wrong is a failure that no retry mends."""
    try:
        return read_campaigns(platform.settings.campaigns_file)
    except InvalidCampaigns as error:
        raise dg.Failure(str(error), allow_retries=False) from error

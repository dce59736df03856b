"""A changed campaign file is published without waiting for events."""

from collections.abc import Sequence

import dagster as dg

from mpp_assets.defs.campaigns.assets import campaigns
from mpp_assets.defs.conversations.refreshes import is_refreshing
from mpp_assets.defs.serving.assets import RENEWED_TAG, serving_release
from mpp_assets.jobs.campaigns import differing_campaigns, stored_campaigns, token_of
from mpp_assets.jobs.store_sink import NO_PARTITION
from mpp_assets.settings import PipelineSettings
from mpp_stores.campaigns import InvalidCampaigns, read_campaigns
from mpp_stores.postgres import materializations
from mpp_stores.postgres.releases import current_release
from mpp_stores.records import Campaign
from mpp_stores.targets import open_target

publish_campaigns = dg.define_asset_job(
    "publish_campaigns",
    dg.AssetSelection.assets(campaigns, serving_release),
    tags={RENEWED_TAG: campaigns.key.to_user_string()},
    description="Read the campaign file, and publish what is served with what the file says.",
)


def reason_to_wait(
    described: Sequence[Campaign],
    stored: Sequence[Campaign] | None,
    *,
    is_published: bool,
    is_refreshing: bool,
) -> str | None:
    """Why the campaign file is not to be published now; None when it is.

    `stored` are the campaigns as they were last read from the file, None before that: going
    back to an earlier release must not bring the present file back at once.
    """
    if not is_published or stored is None:
        return "nothing is published yet: the first refresh reads the campaign file"
    if not differing_campaigns(described, stored):
        return "the campaign file has not changed"
    if is_refreshing:
        return "a refresh is running, which reads the campaign file"
    return None


@dg.sensor(
    job=publish_campaigns,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Publish the campaign file when it says something else than Postgres. What failed "
    "is not repeated until the file changes: it would fail again.",
)
def campaigns_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    settings = PipelineSettings()
    try:
        described = read_campaigns(settings.campaigns_file)
    except InvalidCampaigns as error:
        return dg.SkipReason(str(error))
    name = campaigns.key.to_user_string()
    newest = materializations.latest(settings, name).get(NO_PARTITION)
    stored = None
    if newest is not None:
        with open_target(name, settings) as target:
            stored = stored_campaigns(target, newest.materialization)
    reason = reason_to_wait(
        described,
        stored,
        is_published=current_release(settings) is not None,
        is_refreshing=is_refreshing(context.instance),
    )
    if newest is None or reason is not None:
        return dg.SkipReason(reason)
    return dg.RunRequest(run_key=token_of(described, newest.materialization))

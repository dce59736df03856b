"""Do the stores hold the campaign file, and a profile of every campaign?"""

import dagster as dg

from mpp_assets.asset_checks import (
    holds_every,
    newest_number,
    profiles_are_unit_vectors,
    result,
    store_check,
)
from mpp_assets.defs.campaigns.assets import FILE_METADATA, campaign_profiles, campaigns
from mpp_assets.jobs.campaigns import differing_campaigns, stored_campaigns, token_of
from mpp_assets.resources import Platform
from mpp_stores.campaigns import read_campaigns
from mpp_stores.targets import open_target

campaign_profiles_hold_every_campaign = holds_every(
    campaign_profiles, "campaign", lambda events: events.select("campaign_id").distinct()
)
campaign_profiles_are_unit_vectors = profiles_are_unit_vectors(campaign_profiles)


@store_check(asset=campaigns, name="equals_the_file", blocking=True)
def equals_the_file(
    context: dg.AssetCheckExecutionContext, platform: Platform
) -> dg.AssetCheckResult:
    """Does the table say of every campaign what the campaign file says? A file that was changed
    since it was read is published next, and not compared."""
    described = read_campaigns(platform.settings.campaigns_file)
    number = newest_number(platform, campaigns)
    if _file_read(context.instance, number) not in {None, token_of(described, number)}:
        return result({}, changed_since=True)
    with open_target(campaigns.key.to_user_string(), platform.settings) as target:
        stored = stored_campaigns(target, number)
    differing = differing_campaigns(described, stored)
    return result({"campaigns": differing} if differing else {}, described=len(described))


def _file_read(instance: dg.DagsterInstance, number: int) -> object:
    """The token of the file that a materialization was made of; None where Dagster knows none."""
    event = instance.get_latest_materialization_event(campaigns.key)
    known = event.asset_materialization.metadata if event and event.asset_materialization else {}
    noted = {name: known[name].value for name in known}
    return noted.get(FILE_METADATA) if noted.get("materialization") == number else None

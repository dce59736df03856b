"""Do the stores hold the campaign file, and a profile of every campaign?"""

import dagster as dg

from mpp_assets.asset_checks import (
    holds_every,
    newest_number,
    profiles_are_unit_vectors,
    result,
)
from mpp_assets.defs.campaigns.assets import campaign_profiles, campaigns
from mpp_assets.jobs.campaigns import differing_campaigns, stored_campaigns
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_stores.campaigns import read_campaigns
from mpp_stores.targets import open_target

campaign_profiles_hold_every_campaign = holds_every(
    campaign_profiles, "campaign", lambda events: events.select("campaign_id").distinct()
)
campaign_profiles_are_unit_vectors = profiles_are_unit_vectors(campaign_profiles)


@dg.asset_check(asset=campaigns, name="equals_the_file", blocking=True, pool=POOL)
def equals_the_file(platform: Platform) -> dg.AssetCheckResult:
    """Does the table say of every campaign what the campaign file says?"""
    described = read_campaigns(platform.settings.campaigns_file)
    with open_target(campaigns.key.to_user_string(), platform.settings) as target:
        stored = stored_campaigns(target, newest_number(platform, campaigns))
    differing = differing_campaigns(described, stored)
    return result({"campaigns": differing} if differing else {}, described=len(described))

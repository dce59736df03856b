"""The code location: what `dagster` and `workspace.yaml` load."""

import dagster as dg

from mpp_assets import defs
from mpp_assets.defs.automation import (
    automation,
    check,
    daily_freshness,
    daily_refresh,
    freshness,
    refresh,
    refresh_days,
)
from mpp_assets.defs.campaigns.sensors import campaigns_sensor, publish_campaigns
from mpp_assets.defs.conversations.sensors import refresh_sensor
from mpp_assets.defs.erasure.jobs import complete_erasure, scrub_user
from mpp_assets.defs.erasure.sensors import erasure_sensor
from mpp_assets.defs.landing.sensors import land_job, landing_sensor
from mpp_assets.resources import RESOURCES
from mpp_assets.threaded_executor import threaded_executor

definitions = dg.Definitions(
    assets=dg.load_assets_from_package_module(defs),
    asset_checks=dg.load_asset_checks_from_package_module(defs),
    jobs=[
        land_job,
        refresh_days,
        refresh,
        publish_campaigns,
        freshness,
        check,
        scrub_user,
        complete_erasure,
    ],
    schedules=[daily_refresh, daily_freshness],
    sensors=[landing_sensor, refresh_sensor, campaigns_sensor, erasure_sensor, automation],
    resources=RESOURCES,
    executor=threaded_executor,
)

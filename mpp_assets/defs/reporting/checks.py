"""Does the report say what the tables say?"""

import json

import dagster as dg

from mpp_assets.asset_checks import newest_number, result, store_check
from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.defs.reporting.assets import analytics_report, newest_table
from mpp_assets.jobs.report_reconciliation import differences
from mpp_assets.resources import Platform
from mpp_stores.reports import report_folder


@store_check(asset=analytics_report, name="equals_the_tables", blocking=True)
def equals_the_tables(platform: Platform) -> dg.AssetCheckResult:
    """Are the report's totals, campaigns and days those of Postgres?"""
    folder = report_folder(platform.settings.reports, newest_number(platform, analytics_report))
    report = json.loads((folder / "analytics_report.json").read_text())
    return result(
        differences(
            report,
            user_engagement=newest_table(platform, user_engagement),
            campaign_performance=newest_table(platform, campaign_performance),
            daily_activity=newest_table(platform, daily_activity),
        )
    )

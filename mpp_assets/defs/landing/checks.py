"""Does the landing account for every record?"""

import dagster as dg

from mpp_assets.asset_checks import store_check
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.jobs.accounting import unaccounted
from mpp_assets.resources import Platform


@store_check(asset=landed_events, name="accounts_for_every_record", blocking=True)
def accounts_for_every_record(platform: Platform) -> dg.AssetCheckResult:
    """Of every batch: are the records read those accepted, rejected and duplicate, and does the
    lake hold as many accepted and rejected ones as were counted?"""
    wrong = unaccounted(platform.lake, platform.lake.summaries())
    return dg.AssetCheckResult(passed=not wrong, metadata={"batches": dg.MetadataValue.json(wrong)})

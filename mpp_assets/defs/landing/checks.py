"""Does the landing account for every record?"""

import dagster as dg

from mpp_assets.asset_checks import partitions_of_run, store_check
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.jobs.accounting import unaccounted
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.resources import Platform


@store_check(asset=landed_events, name="accounts_for_every_record", blocking=True)
def accounts_for_every_record(
    context: dg.AssetCheckExecutionContext, platform: Platform
) -> dg.AssetCheckResult:
    """Of the batches that no release names yet, or of all in a run that lands none: are the
    records read those accepted, rejected and duplicate, and does the lake hold as many accepted
    and rejected ones as were counted?"""
    settings, lake = platform.settings, platform.lake
    lands = partitions_of_run(context) is not None
    wrong = unaccounted(lake, unpublished_landings(settings, lake) if lands else lake.summaries())
    return dg.AssetCheckResult(passed=not wrong, metadata={"batches": dg.MetadataValue.json(wrong)})

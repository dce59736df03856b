"""What spans all data products: the jobs, the daily schedule, and automation by condition."""

from datetime import timedelta

import dagster as dg

from mpp_assets.defs.conversations.checks import message_ids_are_unique
from mpp_assets.defs.freshness import DEADLINE, FRESHNESS_CHECKS
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake

_NOTHING_LANDED = "nothing has landed yet"
_EVERYTHING = dg.AssetSelection.all() - dg.AssetSelection.assets(["lake", "landed_events"])
_FRESHNESS = dg.AssetSelection.checks(*FRESHNESS_CHECKS)
_DAILY = dg.AssetSelection.assets(
    ["lake", "conversation_events"],
    ["lake", "message_embeddings"],
    ["milvus", "messages"],
    ["neo4j", "messages"],
    ["mongo", "conversations"],
    ["postgres", "daily_activity"],
)

# Of a message that moved to another day, the one that it left is refreshed by a later run.
refresh_days = dg.define_asset_job(
    "refresh_days",
    _DAILY - _FRESHNESS - dg.AssetSelection.checks(message_ids_are_unique),
    description="Bring days up to date in every store, without publishing.",
)
# A day is late or not whatever this run does, so freshness is not asked here.
refresh = dg.define_asset_job(
    "refresh",
    _EVERYTHING - _FRESHNESS,
    description="Bring days up to date, derive from all days, publish a release.",
)
freshness = dg.define_asset_job(
    "freshness",
    _FRESHNESS,
    description="Has the day that ended been materialized?",
)
check = dg.define_asset_job(
    "check",
    dg.AssetSelection.all_asset_checks(),
    description="Run every asset check. `mpp check` is this.",
)


@dg.schedule(
    job=refresh,
    cron_schedule="30 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Close the day that ended: materialize it, with or without events, and publish.",
)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    settings = PipelineSettings()
    lake = Lake(settings.lake)
    if not lake.batches.exists():
        return dg.SkipReason(_NOTHING_LANDED)
    ended = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
    if any(ended in batch.touched_days for batch in unpublished_landings(settings, lake)):
        return dg.SkipReason("batches that touch it are about to be refreshed, with all their days")
    return dg.RunRequest(run_key=ended, partition_key=ended)


@dg.schedule(
    job=freshness,
    cron_schedule=f"5 {DEADLINE.hour} * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Ask, after the deadline, whether the day that ended is there.",
)
def daily_freshness() -> dg.RunRequest | dg.SkipReason:
    has_landed = Lake(PipelineSettings().lake).batches.exists()
    return dg.RunRequest() if has_landed else dg.SkipReason(_NOTHING_LANDED)


automation = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Derive and publish anew after days that were materialized by hand or by a "
    "backfill.",
)

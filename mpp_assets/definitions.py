"""The code location: what `dagster` and `workspace.yaml` load."""

import dagster as dg

from mpp_assets import defs
from mpp_assets.resources import RESOURCES

LANDED_EVENTS = dg.AssetSelection.assets(["lake", "landed_events"])
ALL_ELSE = dg.AssetSelection.all() - LANDED_EVENTS
DAILY = dg.AssetSelection.assets(
    ["lake", "conversation_events"],
    ["lake", "message_embeddings"],
    ["milvus", "messages"],
    ["neo4j", "messages"],
    ["mongo", "conversations"],
    ["postgres", "daily_activity"],
)

definitions = dg.Definitions(
    assets=dg.load_assets_from_package_module(defs),
    asset_checks=dg.load_asset_checks_from_package_module(defs),
    jobs=[
        dg.define_asset_job(
            "land",
            LANDED_EVENTS,
            description="Parse and validate one landed file.",
        ),
        dg.define_asset_job(
            "refresh_days",
            DAILY,
            description="Bring days up to date in every store, without publishing.",
        ),
        dg.define_asset_job(
            "refresh",
            ALL_ELSE,
            description="Bring days up to date, derive from all days, publish a release.",
        ),
    ],
    resources=RESOURCES,
    # Steps of a run share one process, and so one Spark session.
    executor=dg.in_process_executor,
)

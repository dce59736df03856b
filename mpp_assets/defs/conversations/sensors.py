"""Days that landings touched are refreshed, and the result is published."""

from collections.abc import Iterator

import dagster as dg

from mpp_assets.defs.automation import refresh, refresh_days
from mpp_assets.defs.conversations.refreshes import (
    LANDINGS_TAG,
    Refresh,
    next_refresh,
    unfinished,
)
from mpp_assets.defs.erasure.jobs import scrub_user
from mpp_assets.defs.landing.sensors import land_job
from mpp_assets.jobs.retention import unpublished_landings
from mpp_assets.partitions import range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake

_LANDING_JOBS = (land_job.name, scrub_user.name)
"""An erasure rewrites files, which then land again."""


@dg.sensor(
    jobs=[refresh_days, refresh],
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Refresh the days of every landing that no release names yet, and days that a run "
    "left behind.",
)
def refresh_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    if any(unfinished(context.instance, job) for job in _LANDING_JOBS):
        return dg.SkipReason("files are still landing")
    settings = PipelineSettings()
    unpublished = unpublished_landings(settings, Lake(settings.lake))
    decision = next_refresh(context.instance, settings, unpublished)
    if isinstance(decision, str):
        return dg.SkipReason(decision)
    return dg.SensorResult(run_requests=list(_requests(decision)))


def _requests(decision: Refresh) -> Iterator[dg.RunRequest]:
    for first, last in decision.ranges:
        attempt = len(decision.attempts.get((first, last), ()))
        yield dg.RunRequest(
            run_key=f"{decision.token}-{first}-{attempt}",
            job_name=decision.job,
            tags={
                LANDINGS_TAG: decision.token,
                **range_tags(first.isoformat(), last.isoformat()),
            },
        )

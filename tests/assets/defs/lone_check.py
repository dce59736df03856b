"""One asset check, as Dagster runs it."""

from collections.abc import Mapping

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.resources import Platform


def run_check(
    check: dg.AssetChecksDefinition,
    tags: Mapping[str, str] | None = None,
    instance: dg.DagsterInstance | None = None,
) -> dg.ExecuteInProcessResult:
    """Without its asset, on the pipeline that the environment names, by a run with these tags.
    A check that needs Spark takes the session of the fixture `spark`."""
    job = dg.Definitions(
        asset_checks=[check],
        jobs=[dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())],
        resources={"platform": Platform(), "spark": LazyPySparkResource(spark_config={})},
    ).resolve_job_def("check")
    return job.execute_in_process(raise_on_error=False, tags=tags, instance=instance)


def evaluate(
    check: dg.AssetChecksDefinition,
    tags: Mapping[str, str] | None = None,
    instance: dg.DagsterInstance | None = None,
) -> dg.AssetCheckEvaluation:
    """What `run_check` finds."""
    [evaluation] = run_check(check, tags, instance).get_asset_check_evaluations()
    return evaluation

"""One asset check, as Dagster runs it."""

import dagster as dg

from mpp_assets.resources import Platform


def evaluate(check: dg.AssetChecksDefinition) -> dg.AssetCheckEvaluation:
    """Without its asset, on the pipeline that the environment names."""
    job = dg.Definitions(
        asset_checks=[check],
        jobs=[dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())],
        resources={"platform": Platform()},
    ).resolve_job_def("check")
    [evaluation] = job.execute_in_process(raise_on_error=False).get_asset_check_evaluations()
    return evaluation

"""`mpp export-airflow`."""

import os
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mpp_local.wheels import python_module


class TaskSize(StrEnum):
    """What becomes one task of the DAG."""

    ASSET = "asset"
    GROUP = "group"
    JOB = "job"


def export_airflow(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Such as Airflow's DAGs folder.")],
    by: Annotated[TaskSize, typer.Option(help="What becomes one task.")] = TaskSize.ASSET,
) -> None:
    """Write the pipeline as an Airflow DAG: one file, which needs only Airflow."""
    # The definitions belong to the pipeline, which this package does not import.
    command = python_module("mpp_assets.airflow_export", str(folder), "--by", by.value)
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    raise typer.Exit(subprocess.run(command, env=quiet, check=False).returncode)  # noqa: S603

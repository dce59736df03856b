"""The whole graph, run once by a process of its own."""

import os
import subprocess
import sys

from mpp_assets.definitions import definitions
from tests.pipeline.sample import LATE_DAY

ASSETS = sorted(
    key.to_user_string()
    for key in definitions.get_repository_def().asset_graph.get_all_asset_keys()
)


def materialize(spark_master: str) -> str:
    """Land what is due, materialize and publish; the log."""
    done = subprocess.run(
        [sys.executable, "-m", "mpp_assets.run_assets", "--day", LATE_DAY, *ASSETS],
        env={**os.environ, "MPP_SPARK_MASTER": spark_master},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout

"""A real Airflow, with a database of its own, that has the exported DAG."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mpp_assets.airflow_export import DAG_ID, GROUPINGS
from mpp_local.tool_environments import ensure
from mpp_stores.settings import StoreSettings
from tests.pipeline.commands import MPP, PROJECT_ROOT, run

AFTER_SEED_DAY = "2026-11-19T00:30:00+00:00"
"""When the schedule runs for the day of the seed file."""
REQUIREMENTS = PROJECT_ROOT / "deploy/airflow.txt"
PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from pendulum import parse
dag_id, run_after, *folders = sys.argv[1:]

def found(folder):
    bag = DagBag(folder)
    dag = bag.dags.get(dag_id)
    interval = dag and dag.timetable.infer_manual_data_interval(run_after=parse(run_after))
    tasks = dag.tasks if dag else []
    return {
        "errors": bag.import_errors,
        "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in tasks},
        "interval": [str(end) for end in interval] if interval else [],
    }

print(json.dumps([found(folder) for folder in folders]))
"""
STATES = """
SELECT task_id, state FROM task_instance
WHERE run_id = (SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)
"""


def let_all_land_again(settings: StoreSettings) -> None:
    """Each landed file looks changed."""
    for file in settings.landing.iterdir():
        modified = file.stat().st_mtime_ns
        os.utime(file, ns=(modified, modified + 1))


class Airflow:
    """`folders` has one folder of DAGs for each size of tasks. `environment` is what a worker
    finds: the stores' addresses and the platform's Python."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.folders = {by: home / by for by in GROUPINGS}
        self._home = home
        self._binaries = ensure("airflow", REQUIREMENTS)
        self._environment = {
            **os.environ,
            **environment,
            "MPP_PYTHON": str(PROJECT_ROOT / ".venv/bin/python"),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        for by, folder in self.folders.items():
            run(MPP, "export-airflow", str(folder), "--by", by)
        self._run("airflow", "db", "migrate")

    def parse(self, run_after: str) -> dict[str, dict[str, Any]]:
        """What Airflow finds in the file of each size of tasks: import errors, tasks with what
        they wait for, and the data interval of a run at `run_after`."""
        folders = map(str, self.folders.values())
        text = self._run("python", "-c", PARSE, DAG_ID, run_after, *folders).stdout
        return dict(zip(self.folders, json.loads(text.splitlines()[-1]), strict=True))

    def test(
        self, run_after: str, by: str = "group", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the whole DAG once, as at that time. Its output is the log of all tasks."""
        arguments = ("dags", "test", DAG_ID, run_after)
        return self._run("airflow", *arguments, by=by, check=False, **environment)

    def states(self) -> dict[str, str]:
        """How each task of the latest run ended."""
        with sqlite3.connect(self._home / "airflow.db") as connection:
            return dict(connection.execute(STATES).fetchall())

    def _run(
        self,
        program: str,
        *arguments: str,
        by: str = "group",
        check: bool = True,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            env={
                **self._environment,
                **environment,
                "AIRFLOW__CORE__DAGS_FOLDER": str(self.folders[by]),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout
        return done

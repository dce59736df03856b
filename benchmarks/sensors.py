"""How long a sensor's evaluation takes with ten thousand landed files.

    .venv/bin/python -m benchmarks.sensors

The evaluations are those of the daemon: the landing sensor until every file was asked
for, then once more with nothing to do; the refresh sensor with every batch landed.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import dagster as dg

from benchmarks.stack import STORES, own_stack
from mpp_assets.defs.conversations.sensors import refresh_sensor
from mpp_assets.defs.landing.sensors import landing_sensor
from mpp_stores.lake import BatchSummary, Lake, fingerprint

FILES = 10_000
SUMMARY = BatchSummary("", 1, "", False, 1, 1, 0, 0, {}, ["2026-10-01"], ["2026-10-01"])


def write_files(landing: Path) -> None:
    landing.mkdir()
    for number in range(FILES):
        file = landing / f"{number:05}.json"
        file.write_text("[]")
        os.utime(file, (1_790_000_000, 1_790_000_000))


def land_files(home: Path) -> None:
    lake = Lake(home / "lake")
    for number, file in enumerate(sorted((home / "landing").iterdir()), start=1):
        lake.write_summary(
            replace(SUMMARY, batch=file.name, landing=number, fingerprint=fingerprint(file))
        )


def evaluation_seconds(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> list[float]:
    """Of every evaluation until nothing is requested."""
    seconds: list[float] = []
    cursor: str | None = None
    while True:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        started = perf_counter()
        data = sensor.evaluate_tick(context)
        seconds.append(perf_counter() - started)
        cursor = data.cursor
        if not data.run_requests:
            return seconds


if __name__ == "__main__":
    with own_stack(*STORES) as home, dg.DagsterInstance.ephemeral() as instance:
        write_files(home / "landing")
        landing = evaluation_seconds(landing_sensor, instance)
        land_files(home)
        started = perf_counter()
        refresh_sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
        figures = {
            "files": FILES,
            "landing_sensor": {
                "evaluations": len(landing),
                "median_seconds": median(landing),
                "longest_seconds": max(landing),
                "idle_seconds": landing[-1],
            },
            "refresh_sensor_seconds": perf_counter() - started,
        }
    print(json.dumps(figures, indent=2))

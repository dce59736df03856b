"""How long a sensor's evaluation takes with ten thousand landed files.

    .venv/bin/python -m benchmarks.sensors

The evaluations are those of the daemon: the landing sensor until every file was asked for; then,
with every batch landed, both sensors in a process that has just started, and once more.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData

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


def evaluate(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[float, SensorExecutionData]:
    """Its seconds, and what it asks for."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    started = perf_counter()
    data = sensor.evaluate_tick(context)
    return perf_counter() - started, data


def seconds_until_all_are_asked_for(instance: dg.DagsterInstance) -> list[float]:
    """Of every evaluation of the landing sensor."""
    taken: list[float] = []
    cursor: str | None = None
    while True:
        seconds, data = evaluate(landing_sensor, instance, cursor)
        if not data.run_requests:
            return taken
        taken.append(seconds)
        cursor = data.cursor


if __name__ == "__main__":
    with own_stack(*STORES) as home, dg.DagsterInstance.ephemeral() as instance:
        write_files(home / "landing")
        asking = seconds_until_all_are_asked_for(instance)
        land_files(home)
        landed = {
            sensor.name: [evaluate(sensor, instance)[0] for _ in range(2)]
            for sensor in (landing_sensor, refresh_sensor)
        }
        figures = {
            "files": FILES,
            "asking": {"median_seconds": median(asking), "longest_seconds": max(asking)},
            "landed_first_and_again_seconds": landed,
        }
    print(json.dumps(figures, indent=2))

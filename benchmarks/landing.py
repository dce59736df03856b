"""What landing costs: many small files at once, then one more, and one of them corrected.

    .venv/bin/python -m benchmarks.landing [FILES]

Files of five records are landed as a run of the job `land` lands them, on a Spark session that
has landed one already. No store is needed.
"""

import argparse
import json
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.refresh import FIRST_DAYS, events
from mpp_assets.jobs.conversations import build_conversation_events
from mpp_assets.jobs.landing import in_groups, land_files
from mpp_assets.jobs.record_checks import Landing
from mpp_assets.resources import RESOURCES
from mpp_stores.contract import Contract
from mpp_stores.lake import Lake
from mpp_stores.postgres.erasures import ErasedSubjects

RECORDS_A_FILE = 5
REPETITIONS = 5
_NOBODY = ErasedSubjects(b"", frozenset())


class Landings:
    """A lake of its own, and the files that land in it."""

    def __init__(self, home: Path, files: int) -> None:
        self._spark = RESOURCES["spark"].spark_session
        self._lake = Lake(home / "lake")
        self._number = 0
        records = iter(events(files * RECORDS_A_FILE + FIRST_DAYS))
        self.files = [home / f"{number:05}.json" for number in range(files)]
        for file in self.files:
            file.write_text(json.dumps([next(records) for _ in range(RECORDS_A_FILE)]))

    def seconds(self, files: list[Path]) -> float:
        started = perf_counter()
        for group in in_groups(map(self._landing, files)):
            land_files(self._spark, self._lake, group, contract=Contract(), erased=_NOBODY)
        return perf_counter() - started

    def refresh(self) -> None:
        """Build the conversation events of all days, which later landings are compared with."""
        days = {day for each in self._lake.summaries() for day in each.event_days}
        build_conversation_events(self._spark, self._lake, sorted(map(date.fromisoformat, days)))

    def _landing(self, file: Path) -> Landing:
        self._number += 1
        return Landing(file, self._number)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure what landing costs.")
    parser.add_argument("files", type=int, nargs="?", default=1_000)
    count = parser.parse_args().files
    with TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        landings = Landings(Path(folder), count + REPETITIONS + 1)
        first, *later = landings.files[count:]
        landings.seconds([first])
        figures = {"all at once": landings.seconds(landings.files[:count])}
        landings.refresh()
        figures["one more"] = median(landings.seconds([file]) for file in later)
        figures["one again"] = median(landings.seconds([file]) for file in later)
        for step, seconds in figures.items():
            figure = {"files": count, "step": step, "seconds": round(seconds, 1)}
            print(json.dumps(figure), flush=True)

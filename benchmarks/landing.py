"""What landing costs: many small files at once, then one more, and one of them corrected.

    .venv/bin/python -m benchmarks.landing [FILES]

Files of five records are landed as a run of the job `land` lands them, on a Spark session that
has landed one already. No store is needed.

    .venv/bin/python -m benchmarks.landing --megabytes 1000

lands one JSON array of that size instead, and says how much memory each process took at most.
"""

import argparse
import json
from datetime import date
from itertools import count, cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

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


def many_files(home: Path, files: int) -> None:
    landings = Landings(home, files + REPETITIONS + 1)
    first, *later = landings.files[files:]
    landings.seconds([first])
    figures = {"all at once": landings.seconds(landings.files[:files])}
    landings.refresh()
    figures["one more"] = median(landings.seconds([file]) for file in later)
    figures["one again"] = median(landings.seconds([file]) for file in later)
    for step, seconds in figures.items():
        figure = {"files": files, "step": step, "seconds": round(seconds, 1)}
        print(json.dumps(figure), flush=True)


def one_large_file(home: Path, megabytes: int) -> None:
    landings = Landings(home, 1)
    landings.seconds(landings.files)
    file = home / "large.json"
    figure = {"megabytes": megabytes, "records": write_array(file, megabytes)}
    figure["seconds"] = round(landings.seconds([file]))
    print(json.dumps(figure | {"peak_rss_mb": peak_rss_mb()}), flush=True)


def write_array(file: Path, megabytes: int) -> int:
    """One JSON array. Returns how many records it holds."""
    records = cycle(events(10_000))
    with file.open("w") as output:
        for number in count():
            record = next(records) | {"message_id": f"m{number:09}"}
            output.write(f"{',' if number else '['}{json.dumps(record)}")
            if output.tell() >= megabytes * 1_000_000:
                break
        output.write("]")
    return number + 1


def peak_rss_mb() -> dict[str, int]:
    """Of this process, its JVM and the largest of the Python workers."""
    peaks: dict[str, int] = {}
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        kind = "driver" if process == this else process.name().rstrip(".0123456789")
        status = Path(f"/proc/{process.pid}/status").read_text()
        kilobytes = dict(line.split(":", 1) for line in status.splitlines())["VmHWM"]
        peaks[kind] = max(peaks.get(kind, 0), int(kilobytes.split()[0]) * 1024 // 1_000_000)
    return peaks


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure what landing costs.")
    parser.add_argument("files", type=int, nargs="?", default=1_000)
    parser.add_argument("--megabytes", type=int, help="land one file of this size instead")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="mpp-benchmark-") as folder:
        if arguments.megabytes is None:
            many_files(Path(folder), arguments.files)
        else:
            one_large_file(Path(folder), arguments.megabytes)

"""What a stack takes that has nothing to do.

    .venv/bin/python -m benchmarks.idle

A whole stack with the sample ingested, a minute after its last run: the share of a core that each
of its programs takes in the minute that follows, with the processes that it started.
"""

import json
import subprocess
from pathlib import Path
from time import perf_counter, sleep

import psutil  # type: ignore[import-untyped]

from benchmarks.stack import own_stack
from mpp_local.project import PROJECT_ROOT
from mpp_local.stack import Stack
from mpp_local.supervision import Supervisor
from tests.stacks import MPP, STDERR

SECONDS = 60
SAMPLE = PROJECT_ROOT / "data/sample_conversations.json"


def processor_seconds(pid: int) -> float:
    """Of the process and of those that it started, ended ones included."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(
        each.user + each.system + each.children_user + each.children_system for each in times
    )


def idle_shares(home: Path) -> dict[str, float]:
    pids = {name: info.pid for name, info in Supervisor(Stack.load(home)).processes().items()}
    began, before = perf_counter(), {name: processor_seconds(pid) for name, pid in pids.items()}
    sleep(SECONDS)
    took = perf_counter() - began
    return {name: (processor_seconds(pid) - before[name]) / took for name, pid in pids.items()}


if __name__ == "__main__":
    with own_stack() as home:
        subprocess.run([MPP, "ingest", SAMPLE], check=True, stdout=STDERR)
        sleep(SECONDS)
        shares = idle_shares(home)
    print(json.dumps({"cores": shares, "cores_together": sum(shares.values())}, indent=2))

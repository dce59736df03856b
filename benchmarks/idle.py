"""What a stack takes that has nothing to do.

    .venv/bin/python -m benchmarks.idle

A whole stack with the sample ingested, a minute after its last run: the share of a core that each
of its programs takes in the minute that follows, with the processes that it started.
"""

import json
import subprocess
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.stack import own_stack, processor_seconds
from mpp_local.project import PROJECT_ROOT
from tests.stacks import MPP, STDERR

SECONDS = 60
SAMPLE = PROJECT_ROOT / "data/sample_conversations.json"


def idle_shares(home: Path) -> dict[str, float]:
    began, before = perf_counter(), processor_seconds(home)
    sleep(SECONDS)
    took, after = perf_counter() - began, processor_seconds(home)
    return {name: (after[name] - before[name]) / took for name in before}


if __name__ == "__main__":
    with own_stack() as home:
        subprocess.run([MPP, "ingest", SAMPLE], check=True, stdout=STDERR)
        sleep(SECONDS)
        shares = idle_shares(home)
    print(json.dumps({"cores": shares, "cores_together": sum(shares.values())}, indent=2))

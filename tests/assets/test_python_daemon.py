import gc
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa


def test_a_worker_is_forked_from_a_process_of_one_thread_that_has_loaded_the_drivers(spark):
    def look(batches):
        for _ in batches:
            frozen = gc.get_freeze_count()
            threads = Path(f"/proc/{os.getppid()}/task").iterdir()
            names = [Path(thread, "comm").read_text().strip() for thread in threads]
            yield pa.RecordBatch.from_pydict({"frozen": [frozen], "threads": [names]})

    [found] = spark.range(1).mapInArrow(look, "frozen long, threads array<string>").collect()
    assert found.frozen > 100_000
    # The allocator's thread is begun anew in each child by the allocator.
    assert len(set(found.threads) - {"jemalloc_bg_thd"}) == 1
    assert len(found.threads) <= 2


def test_the_embedding_model_is_left_to_those_that_embed():
    code = "import sys, mpp_assets.python_daemon; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"pandas", "pymilvus", "neo4j", "pymongo", "psycopg"} <= set(loaded)
    assert "torch" not in loaded

from pathlib import Path

import pytest

from mpp_assets.jobs.leftovers import remove_leftovers
from mpp_stores.lake import BatchSummary, Lake

DAY = "event_day=1999-06-01"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """With a landing that counts, of one batch."""
    lake = Lake(tmp_path)
    lake.write_summary(BatchSummary("a.json", 4, "", False, 0, 0, 0, 0, {}, [], []))
    return lake


def part(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").touch()
    return folder


def test_what_interrupted_writes_left_is_removed_and_nothing_else(lake):
    kept = [
        part(lake.landed("a.json", 4) / DAY),
        part(lake.rejected("a.json", 4)),
        part(lake.conversation_events / DAY),
        part(lake.text_vectors("a-model")),
        part(lake.written("neo4j/engaged_with") / "materialization=9"),
    ]
    left = [
        part(lake.landed("a.json", 3) / DAY),
        part(lake.rejected("a.json", 3)),
        part(lake.landed("never counted.json", 5) / "_temporary"),
        part(lake.conversation_events / ".spark-staging-1f" / "_temporary" / "0" / DAY),
        part(lake.message_embeddings / ".spark-staging-2e" / DAY),
        part(lake.text_vectors("a-model") / "_temporary" / "0"),
        part(lake.written("neo4j/engaged_with") / "materialization=10" / "_temporary" / "0"),
    ]
    assert remove_leftovers(lake) == len(left)
    assert not any(folder.exists() for folder in left)
    assert all((folder / "part-0.parquet").exists() for folder in kept)
    assert remove_leftovers(lake) == 0

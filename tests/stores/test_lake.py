import errno
import os
import stat
from pathlib import Path

import pytest

from mpp_stores.lake import BatchSummary, Lake, batch_key


def summary(landing: int) -> BatchSummary:
    return BatchSummary("é.json", landing, "1-1", False, 0, 0, 0, 0, {}, [], [])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_a_summary_that_does_not_reach_the_disk_does_not_count(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lake.write_summary(summary(1))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        lake.write_summary(summary(2))
    assert lake.summary("é.json") == summary(1)
    assert lake.summaries() == [summary(1)]


def test_a_summary_is_read_again_once_it_was_replaced_and_not_before(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.write_summary(summary(1))
    assert lake.summary("é.json") == summary(1)
    lake.write_summary(summary(2))
    assert lake.summaries() == [summary(2)]
    monkeypatch.setattr(Path, "read_text", None)
    assert lake.summary("é.json") == summary(2)


def test_who_may_read_a_summary_is_for_the_umask_to_say(lake: Lake) -> None:
    former = os.umask(0o027)
    try:
        lake.write_summary(summary(1))
    finally:
        os.umask(former)
    path = lake.batches / f"{batch_key('é.json')}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640

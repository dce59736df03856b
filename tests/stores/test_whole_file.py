import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from mpp_stores.whole_file import replacing


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "kept.json"
    path.write_text("old")
    return path


def write_half(file: BinaryIO) -> None:
    file.write(b"half")
    raise KeyboardInterrupt


def test_what_was_written_is_there_when_the_block_ends(target: Path) -> None:
    with replacing(target) as file:
        file.write(b"new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_a_block_that_fails_changes_nothing_and_leaves_nothing(target: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(target) as file:
        write_half(file)
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


def test_what_does_not_reach_the_disk_replaces_nothing(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), replacing(target) as file:
        file.write(b"new")
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]

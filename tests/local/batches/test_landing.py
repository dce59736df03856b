import os
from pathlib import Path

import pytest

from mpp_local.batches.landing import (
    UnsuitablePath,
    collect_files,
    is_landed,
    land_file,
    take_again,
)
from mpp_stores.lake import fingerprint


def write(path: Path, content: str = "[]") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_a_folder_stands_for_the_conversation_files_directly_in_it(tmp_path: Path) -> None:
    names = ["a.json", "b.jsonl", "c.ndjson", "d.json.gz"]
    expected = [write(tmp_path / name) for name in names]
    write(tmp_path / "notes.txt")
    write(tmp_path / "below" / "e.json")
    assert collect_files([tmp_path]) == expected


def test_a_file_named_by_itself_may_have_any_ending(tmp_path: Path) -> None:
    file = write(tmp_path / "export")
    assert collect_files([file]) == [file]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json")
    assert collect_files([file, tmp_path, file]) == [file]


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsuitablePath, match=r"nowhere\.json"):
        collect_files([tmp_path / "nowhere.json"])


def test_a_folder_without_conversation_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsuitablePath, match="holds no"):
        collect_files([tmp_path])


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / "monday" / "a.json"), write(tmp_path / "tuesday" / "a.json")]
    with pytest.raises(UnsuitablePath, match="one batch"):
        collect_files(paths)


@pytest.mark.parametrize("name", ["a\n.json", "more....json", ".a.json"])
def test_a_name_that_can_be_no_batch_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsuitablePath, match="rename"):
        collect_files([write(tmp_path / name)])


def test_a_landed_file_is_a_copy_and_nothing_else_is_left(tmp_path: Path) -> None:
    file, landing = write(tmp_path / "a.json", "[1]"), tmp_path / "landing"
    assert not is_landed(file, landing)
    land_file(file, landing)
    assert is_landed(file, landing)
    assert list(landing.iterdir()) == [landing / "a.json"]


def test_a_changed_file_replaces_the_landed_one(tmp_path: Path) -> None:
    file, landing = write(tmp_path / "a.json", "[1]"), tmp_path / "landing"
    land_file(file, landing)
    write(file, "[2]")
    assert not is_landed(file, landing)
    land_file(file, landing)
    assert (landing / "a.json").read_text() == "[2]"


def test_landing_the_same_bytes_again_keeps_the_time_of_the_first(tmp_path: Path) -> None:
    file, landing = write(tmp_path / "a.json"), tmp_path / "landing"
    land_file(file, landing)
    os.utime(landing / "a.json", (1, 1))
    land_file(file, landing)
    assert (landing / "a.json").stat().st_mtime == 1


def test_a_file_already_in_the_landing_folder_stays(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "[1]")
    land_file(file, tmp_path)
    assert file.read_text() == "[1]"


def test_a_file_to_be_taken_again_has_another_fingerprint(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "[1]")
    os.utime(file, (1, 1))
    before = fingerprint(file)
    take_again(file)
    assert fingerprint(file) != before
    assert file.read_text() == "[1]"

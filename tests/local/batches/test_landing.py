import os
from pathlib import Path

import pytest

from mpp_local.batches.landing import (
    UnsuitablePath,
    collect_files,
    is_landed,
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


def test_a_file_is_landed_when_the_folder_holds_its_very_bytes(tmp_path: Path) -> None:
    file, landing = write(tmp_path / "a.json", "[1]"), tmp_path / "landing"
    assert not is_landed(file, landing)
    landed = write(landing / "a.json", "[1]")
    assert is_landed(file, landing)
    assert is_landed(landed, landing)
    write(file, "[2]")
    assert not is_landed(file, landing)


def test_a_file_to_be_taken_again_has_another_fingerprint(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", "[1]")
    os.utime(file, (1, 1))
    before = fingerprint(file)
    take_again(file)
    assert fingerprint(file) != before
    assert file.read_text() == "[1]"


def test_a_file_of_another_user_is_taken_again_as_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.json", "[1]")
    os.utime(file, (1, 1))
    before = fingerprint(file), file.stat().st_ino

    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "utime", refuse)
    take_again(file)
    assert fingerprint(file) != before[0]
    assert file.stat().st_ino != before[1]
    assert file.read_text() == "[1]"
    assert list(tmp_path.iterdir()) == [file]

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mpp_assets.jobs import datasets
from mpp_assets.jobs.datasets import join_small_files


def write(folder: Path, number: int, rows: int = 1) -> None:
    """A file whose rows hold its number, written at that second."""
    file = folder / f"part-{number:03}.parquet"
    pq.write_table(pa.table({"number": [number] * rows}), file)
    os.utime(file, (number, number))


def numbers(file: Path) -> list[int]:
    return pq.read_table(file)["number"].to_pylist()


def test_many_small_files_become_few_of_those_written_one_after_the_other(tmp_path, monkeypatch):
    for number in range(120):
        write(tmp_path, number)
    size = (tmp_path / "part-000.parquet").stat().st_size
    monkeypatch.setattr(datasets, "_SMALL_BYTES", 50 * size)
    join_small_files(tmp_path)
    found = sorted(numbers(file) for file in tmp_path.iterdir())
    assert found == [[*range(50)], [*range(50, 100)], [*range(100, 120)]]


def test_large_files_and_few_small_ones_are_left_alone(tmp_path, monkeypatch):
    write(tmp_path, 0, rows=1)
    monkeypatch.setattr(datasets, "_SMALL_BYTES", (tmp_path / "part-000.parquet").stat().st_size)
    for number in range(1, 120):
        write(tmp_path, number)  # as large
    before = sorted(tmp_path.iterdir())
    join_small_files(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.undo()
    for file in before[datasets._MOST_SMALL_FILES :]:
        file.unlink()
    join_small_files(tmp_path)
    assert sorted(tmp_path.iterdir()) == before[: datasets._MOST_SMALL_FILES]

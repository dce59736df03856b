"""Which files an ingest takes, and what the landing folder holds."""

import filecmp
import os
from collections.abc import Sequence
from pathlib import Path

from mpp_local.copying import copy_at_once
from mpp_stores.lake import Lake, visible_files

FILE_PATTERNS = ("*.json", "*.jsonl", "*.ndjson", "*.gz")
"""What is taken from a folder. A file named by itself may be called anything."""


class UnsuitablePath(Exception):
    """A path that cannot be ingested. The message says which one and why."""


def collect_files(paths: Sequence[Path]) -> list[Path]:
    """The files at the paths, folders replaced by the conversation files directly in them.

    A file's name is its batch, so the names must differ.

    Raises:
        UnsuitablePath: missing, unreadable, a folder without such files, or a name
            that no batch can have.
    """
    batches: dict[str, Path] = {}
    for file in (file for path in paths for file in _files_at(path)):
        batch = file.name
        if not os.access(file, os.R_OK):
            raise UnsuitablePath(f"{file} may not be read")
        if batch.startswith("."):
            raise UnsuitablePath(f"{str(file)!r}: rename it, hidden files are not landed")
        if not batch.isprintable() or "..." in batch:
            raise UnsuitablePath(f"{str(file)!r}: rename it, Dagster takes no such partition key")
        known = batches.setdefault(batch, file)
        if not known.samefile(file):
            raise UnsuitablePath(f"{known} and {file} would be one batch: rename one of them")
    return list(batches.values())


def names_in(folder: Path) -> set[str]:
    return {file.name for file in visible_files(folder)}


def known_batches(lake: Lake, *folders: Path) -> set[str]:
    """Whatever landed, withdrawn or not, and the files in the folders."""
    landed = {summary.batch for summary in lake.summaries()}
    return landed.union(*map(names_in, folders))


def is_landed(file: Path, landing: Path) -> bool:
    """Whether the landing folder holds these very bytes under this name."""
    landed = landing / file.name
    return landed.is_file() and filecmp.cmp(file, landed, shallow=False)


def take_again(landed: Path) -> None:
    """Give a landed file another fingerprint, for which the sensors land it once more. One of
    another user's becomes a copy of one's own."""
    try:
        os.utime(landed)
    except PermissionError:
        copy_at_once(landed, landed)


def _files_at(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UnsuitablePath(f"{path}: there is no such file or folder")
    files = {file for pattern in FILE_PATTERNS for file in path.glob(pattern) if file.is_file()}
    if not files:
        raise UnsuitablePath(f"{path} holds no {', '.join(FILE_PATTERNS)} file")
    return sorted(files)

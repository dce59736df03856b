"""Copying a file to a place that others watch."""

import shutil
from pathlib import Path

from mpp_stores.whole_file import replacing


def copy_at_once(file: Path, target: Path) -> None:
    """`target` appears, or changes, whole or not at all. Until then the copy beside it has a
    name that begins with a dot, which nothing takes for a batch."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as copy, file.open("rb") as original:
        shutil.copyfileobj(original, copy)

"""Copying a file to a place that others watch."""

import os
import shutil
import tempfile
from pathlib import Path


def copy_at_once(file: Path, target: Path) -> None:
    """`target` appears, or changes, whole or not at all. Until then the copy beside it has a
    name that begins with a dot, which nothing takes for a batch."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as copy, file.open("rb") as original:
            shutil.copyfileobj(original, copy)
        Path(partial).replace(target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise

"""Writing a file whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(target: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A new file that takes the place of `target` when the block ends. It is its owner's alone, or
    of `mode` less the umask.

    By then it is on disk: a reader finds the old file or the new one, after a loss of power
    too. Until then its name begins with a dot, and a block that fails leaves none.
    """
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise

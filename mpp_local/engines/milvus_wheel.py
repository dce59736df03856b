"""The `milvus` wheel's server, unpacked: the wheel carries its files compressed.

It is in an environment of its own, because nothing of ours imports it, and because its
wheels exist for some platforms only.
"""

import lzma
import shutil
from pathlib import Path

from mpp_local.tool_environments import ensure, locked, say

VERSION = "2.3.5"
PLATFORMS = "Linux on x86_64 and macOS 12 or newer"


def server_folder() -> Path:
    """The folder of the program `milvus` and its libraries, 260 MB, installed when missing.

    Raises `RuntimeError` with a sentence where it cannot be installed.
    """
    try:
        environment = ensure("milvus", [f"milvus=={VERSION}"]).parent
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}; its wheel exists for {PLATFORMS}, and MPP_LOCAL_MILVUS=lite needs none"
        ) from error
    folder = environment / "server"
    if not folder.exists():
        with locked(environment / "server.lock", "milvus"):
            if not folder.exists():
                _unpack(environment, folder)
    return folder


def _unpack(environment: Path, folder: Path) -> None:
    say(f"milvus: unpacking it into {folder}, once")
    incomplete = folder.with_name("server.incomplete")
    shutil.rmtree(incomplete, ignore_errors=True)
    incomplete.mkdir()
    for packed in environment.glob("lib/python*/site-packages/milvus/data/bin/*.lzma"):
        unpacked = incomplete / packed.stem
        with lzma.open(packed) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target)
        unpacked.chmod(0o755)
    incomplete.rename(folder)

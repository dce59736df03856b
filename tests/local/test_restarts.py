"""What `mpp up --only stores` does to Dagster and the API when the stack has to restart."""

from pathlib import Path

import pytest

from mpp_local.api_access import local_key
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.supervision import Supervisor
from mpp_stores import api_keys
from tests.local.idle import start


def pids(stack: Stack) -> dict[str, int]:
    """Of what is started."""
    processes = Supervisor(stack).processes().values()
    return {process.name: process.pid for process in processes if process.is_started}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Another keys' file than the stack's own."""
    return tmp_path / "keys.json"


def test_services_that_ran_are_started_again(
    idle: Stack, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(idle)
    before = pids(idle)
    monkeypatch.setenv("MPP_API_KEYS_FILE", str(keys))
    start(idle, only_stores=True)
    after = pids(idle)
    assert set(after) == set(before) == {service.name for service in SERVICES}
    assert not set(after.values()) & set(before.values())
    [record] = api_keys.load(keys)
    assert (local_key(idle) or "").startswith(f"mpp_{record.key_id}_")


def test_services_that_did_not_run_stay_stopped(
    idle: Stack, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(idle, only_stores=True)
    monkeypatch.setenv("MPP_API_KEYS_FILE", str(keys))
    start(idle, only_stores=True)
    assert Supervisor(idle).is_current()
    assert pids(idle) == {}
    assert not keys.exists()


def test_services_that_run_are_left_alone_where_nothing_asks_for_a_restart(idle: Stack) -> None:
    start(idle)
    before = pids(idle)
    start(idle, only_stores=True)
    assert pids(idle) == before

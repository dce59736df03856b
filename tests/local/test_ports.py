import fcntl
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpp_local.ports import LOOPBACK, free_port, is_free, taking_ports
from mpp_local.stack import Stack


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_server_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_a_taken_default_is_replaced_by_a_free_port(taken_port: int) -> None:
    chosen = free_port(taken_port, taken=set(), seed="a")

    assert chosen != taken_port
    assert is_free(chosen)


def test_two_stacks_look_for_ports_in_different_places(taken_port: int) -> None:
    assert free_port(taken_port, set(), seed="a") != free_port(taken_port, set(), seed="b")


def test_a_remembered_port_is_kept_unless_it_must_be_free_and_is_not(
    tmp_path: Path, taken_port: int
) -> None:
    stack = Stack(tmp_path, ports={"redis": taken_port})

    stack.assign_ports({"redis": 6379}, must_be_free=False)
    assert stack.ports["redis"] == taken_port

    stack.assign_ports({"redis": taken_port}, must_be_free=True)
    assert stack.ports["redis"] != taken_port


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the lock: no stack that starts on this machine meanwhile holds it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def is_locked(folder: Path) -> bool:
    (path,) = folder.glob("*.lock")
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_while_one_stack_takes_its_ports_another_waits(locks: Path) -> None:
    script = "from mpp_local.ports import taking_ports\nwith taking_ports(print): print('its turn')"
    command = [sys.executable, "-u", "-c", script]
    with taking_ports(print):
        assert is_locked(locks)
        other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "waiting for another stack of this user to start\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=1)
    assert other.communicate(timeout=60)[0] == "its turn\n"
    assert not is_locked(locks)

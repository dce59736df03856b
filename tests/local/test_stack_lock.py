"""One command at a time starts, stops or deletes a stack."""

import fcntl
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import IO

import pytest
from typer.testing import CliRunner

from mpp_local import cli
from mpp_local.locks import Tell
from mpp_local.stack import LOCK_FILE, NoStack, Stack
from mpp_local.startup import stop_stack

PATIENCE_SECONDS = 60.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    monkeypatch.setenv("MPP_HOME", str(path))
    return path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Stack]:
    """What `mpp up` would have started."""
    stacks: list[Stack] = []
    monkeypatch.setattr(cli, "start_stack", lambda stack, *_, **__: stacks.append(stack))
    return stacks


def while_waiting(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """What another command does before the first lock is ours."""
    waiting = [happens]

    def lock(file: IO[str], tell: Tell, holder: str) -> None:
        if waiting:
            waiting.pop()()

    monkeypatch.setattr("mpp_local.stack.lock", lock)


def run(command: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, command.split())
    return result.exit_code, result.output


def test_a_start_that_waited_for_the_first_one_begins_with_what_that_saved(
    home: Path, started: list[Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Stack(home, ports={"redis": 1}, passwords={"redis": "of the first"})
    while_waiting(monkeypatch, first.save)
    assert run("up --only stores") == (0, "")
    assert started == [first] == [Stack.load(home)]


def test_a_start_that_waited_for_a_reset_begins_with_a_fresh_stack(
    home: Path, started: list[Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    Stack(home, ports={"redis": 1}, passwords={"redis": "deleted"}).save()
    while_waiting(monkeypatch, lambda: shutil.rmtree(home))
    assert run("up --only stores") == (0, "")
    assert started == [Stack(home)] == [Stack.load(home)]


@pytest.mark.parametrize("command", ["down", "reset --yes"])
def test_what_waited_for_a_reset_finds_no_stack_and_makes_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    home.mkdir()
    Stack(home).save()
    while_waiting(monkeypatch, lambda: shutil.rmtree(home))
    assert run(command) == (1, f"{NoStack(home)}\n")
    assert not home.exists()


def test_a_reset_deletes_before_another_command_begins(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    Stack(home).save()
    locked: list[bool] = []

    def note(*_: object) -> list[Path]:
        locked.append(is_locked(home))
        return []

    monkeypatch.setattr(cli, "stop_stack", note)
    monkeypatch.setattr(Stack, "remove", note)
    assert run("reset --yes") == (0, "")
    assert locked == [True, True]
    assert not is_locked(home)


def test_a_lock_that_was_deleted_keeps_nobody_and_a_new_one_does(home: Path) -> None:
    waits = Event()

    def use() -> tuple[Stack, bool]:
        with Stack.locked(home, lambda _: waits.set(), create=True) as stack:
            return stack, is_locked(home)

    with ThreadPoolExecutor(1) as pool:
        with Stack.locked(home, print, create=True) as stack:
            stack.password("redis")
            stack.save()
            other = pool.submit(use)
            assert waits.wait(PATIENCE_SECONDS)
            stop_stack(stack, print)
            assert stack.remove() == []
            assert not home.exists()
            assert not other.done()
        assert other.result(PATIENCE_SECONDS) == (Stack(home), True)


def is_locked(home: Path) -> bool:
    with (home / LOCK_FILE).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

"""What `stack.json` holds, or does not."""

import errno
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpp_local.cli import app
from mpp_local.stack import STATE_FILE, STATE_FILES, STATE_FOLDERS, Stack
from mpp_stores import api_keys

COMMANDS = ["up", "down", "status", "reset --yes", "releases", "recommend ada"]
PAGE = Path("docs/local-stack.md")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("MPP_HOME", str(path))
    return path


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"colour": "blue"}', "\xff"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_file_is_named_and_left_as_it_is(home: Path, command: str, content: str) -> None:
    (home / STATE_FILE).write_text(content, encoding="latin-1")
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 1
    assert f"{home / STATE_FILE} cannot be read: " in result.output
    assert (home / STATE_FILE).read_text(encoding="latin-1") == content


@pytest.mark.parametrize("command", ["status", "recommend ada", "releases"])
def test_a_stack_whose_first_start_ended_early_is_none_yet(
    home: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPP_POSTGRES_URL", raising=False)
    Stack(home).save()
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 1
    assert "start one with `mpp up`" in result.output


def test_a_stack_whose_first_start_ended_early_can_be_reset(home: Path) -> None:
    Stack(home).save()
    assert CliRunner().invoke(app, ["reset", "--yes"]).exit_code == 0
    assert not home.exists()


@pytest.mark.usefixtures("full_disk")
def test_a_start_on_a_full_disk_says_so_and_leaves_nothing(home: Path) -> None:
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 1
    assert "No space left" in result.output
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("full_disk")
def test_a_key_that_cannot_be_kept_leaves_nothing(home: Path) -> None:
    record, _ = api_keys.issue("a job", api_keys.Role.READ)
    with pytest.raises(OSError, match="No space left"):
        api_keys.add(home / api_keys.FILE_NAME, record)
    assert list(home.iterdir()) == []


def test_the_page_names_what_reset_deletes() -> None:
    [table] = re.findall(r"^## Files\n(.*?)\n\n`mpp reset`", PAGE.read_text(), re.M | re.S)
    named = {name.strip("/") for row in table.splitlines() for name in _names(row)}
    assert named == {*STATE_FILES, *STATE_FOLDERS}


def _names(row: str) -> list[str]:
    """What the first column of a table's row names."""
    return re.findall(r"`([^`]+)`", row.split("|")[1]) if row.startswith("| `") else []

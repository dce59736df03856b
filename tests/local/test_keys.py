import json
import re
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpp_local.api_access import ensure_local_key, keys_file, local_key
from mpp_local.cli import app
from mpp_local.stack import DEFAULT_HOME, STATE_FILE, Stack
from mpp_stores import api_keys
from mpp_stores.api_keys import Role


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    monkeypatch.delenv("MPP_API_KEYS_FILE", raising=False)
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["keys", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_created_key_is_printed_once_and_kept_as_a_hash(home: Path) -> None:
    key = run("create", "--name", "newsletter job", "--role", "write").strip()
    [record] = api_keys.load(home / api_keys.FILE_NAME)
    key_id, secret = api_keys.split(key) or ("", "")
    assert (record.key_id, record.name, record.role) == (key_id, "newsletter job", Role.WRITE)
    assert record.has_secret(secret)
    assert secret not in run("list") + run("list", "--json")


@pytest.mark.usefixtures("home")
def test_a_listed_key_can_be_revoked_by_its_id() -> None:
    run("create", "--name", "[bold]job", "--role", "read")
    assert "[bold]job" in run("list")
    [listed] = json.loads(run("list", "--json"))
    assert "is revoked" in run("revoke", listed["key_id"])
    [listed] = json.loads(run("list", "--json"))
    assert listed["revoked_at"] is not None


@pytest.mark.usefixtures("home")
def test_an_unknown_key_ends_the_command_with_a_sentence() -> None:
    result = CliRunner().invoke(app, ["keys", "revoke", "0123456789abcdef"])
    assert result.exit_code == 1
    assert "mpp keys list" in result.output


def test_a_stack_gets_one_admin_key_whose_secret_only_the_owner_can_read(home: Path) -> None:
    stack = Stack(home)
    ensure_local_key(stack)
    first = local_key(stack)
    ensure_local_key(Stack.load(home))
    [record] = api_keys.load(keys_file(home))
    assert local_key(Stack.load(home)) == first
    assert record.role is Role.ADMIN
    for name in (STATE_FILE, api_keys.FILE_NAME):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


def test_a_stack_whose_key_was_revoked_gets_another(home: Path) -> None:
    stack = Stack(home)
    ensure_local_key(stack)
    first = local_key(stack)
    api_keys.revoke(keys_file(home), api_keys.load(keys_file(home))[0].key_id)
    ensure_local_key(stack)
    assert local_key(stack) not in {first, None}


def test_reset_deletes_the_keys(home: Path) -> None:
    stack = Stack(home)
    ensure_local_key(stack)
    assert stack.remove() == []
    assert not home.exists()


@pytest.fixture
def no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a stack, and nothing that names one."""
    monkeypatch.chdir(tmp_path)
    for name in ("MPP_HOME", "MPP_API_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


COMMANDS = [["create", "--name", "job"], ["list"], ["revoke", "0123456789abcdef"]]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_key_is_made_for_an_api_that_is_nowhere(no_stack: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["keys", *arguments])
    assert result.exit_code == 1
    assert "start one with `mpp up`, or set MPP_HOME or MPP_API_KEYS_FILE" in result.output
    assert list(no_stack.iterdir()) == []


def test_a_stack_in_the_working_directory_needs_no_variable(no_stack: Path) -> None:
    Stack.load_or_create(no_stack / DEFAULT_HOME)
    run("create", "--name", "job")
    assert len(api_keys.load(no_stack / DEFAULT_HOME / api_keys.FILE_NAME)) == 1


def test_a_named_file_needs_no_stack(no_stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPP_API_KEYS_FILE", "keys.json")
    run("create", "--name", "job")
    assert [file.name for file in no_stack.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize(
    ("name", "said"), [("folder", "Is a directory"), ("file/keys.json", "File exists|Not a dir")]
)
def test_a_file_that_cannot_be_used_ends_the_command_with_a_sentence(
    no_stack: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    name: str,
    said: str,
) -> None:
    (no_stack / "folder").mkdir()
    (no_stack / "file").touch()
    monkeypatch.setenv("MPP_API_KEYS_FILE", name)
    result = CliRunner().invoke(app, ["keys", *arguments])
    assert result.exit_code == 1
    assert re.fullmatch(rf"{no_stack}/\S+: ({said}).*\n", result.output)

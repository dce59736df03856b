from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mpp_local import configuration, supervision
from mpp_local.api_access import keys_file
from mpp_local.cli import app
from mpp_local.engines import engines_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack


def stack_in(home: Path) -> Stack:
    stack = Stack(home)
    for component in (*engines_of(stack), *SERVICES):
        stack.assign_ports(component.default_ports, must_be_free=False)
    return stack


@pytest.mark.parametrize("name", ["client #1", "a ;b"])
def test_a_home_that_supervisor_would_read_as_a_comment_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(
        supervision.subprocess, "run", lambda *command, **_: started.append(command)
    )
    monkeypatch.setenv("MPP_HOME", str(tmp_path / name))
    result = CliRunner().invoke(app, ["up", "--only", "stores"])
    assert result.exit_code == 1
    assert f"{tmp_path / name}: choose a folder without" in result.output
    assert started == []


def test_a_project_folder_that_supervisor_would_read_as_a_comment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "PROJECT_ROOT", tmp_path / "C #")
    with pytest.raises(RuntimeError, match=r"/C #: choose a folder without ' #' in its path"):
        configuration.render_configuration(stack_in(tmp_path))


@pytest.mark.parametrize("name", ["C#", "#1", "a; b", "100% a"])
def test_a_home_with_these_signs_elsewhere_is_not_refused(tmp_path: Path, name: str) -> None:
    assert configuration.render_configuration(stack_in(tmp_path / name))


def test_the_api_reads_the_keys_of_the_commands_and_restarts_when_their_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = stack_in(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPP_API_KEYS_FILE", "keys.json")
    given = configuration.program_environment(stack)["MPP_API_KEYS_FILE"]
    assert given == str(keys_file(stack.home)) == str(tmp_path / "keys.json")
    rendered = configuration.render_configuration(stack)
    monkeypatch.delenv("MPP_API_KEYS_FILE")
    assert configuration.render_configuration(stack) != rendered

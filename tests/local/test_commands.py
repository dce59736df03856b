import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpp_local.cli import app
from mpp_local.commands.stack import store_settings
from mpp_local.engines import engines_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack as its first start leaves it, which does not run."""
    stack = Stack(tmp_path)
    for component in (*engines_of(stack), *SERVICES):
        stack.assign_ports(component.default_ports, must_be_free=True)
    for engine in engines_of(stack):
        engine.environment(stack)
    stack.save()
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    return stack


def test_the_stacks_own_stores_are_used_whatever_the_environment_says(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPP_POSTGRES_URL", "postgresql://elsewhere/db")
    settings = store_settings()
    assert str(stack.ports["postgres"]) in settings.postgres_url.get_secret_value()
    assert settings.home == stack.home


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "data/seed_conversations.json"],
        ["withdraw", "a.json"],
        ["campaigns", "data/sample_campaigns.json"],
        ["check"],
        ["rejected"],
        ["releases"],
        ["rollback", "r1"],
        ["trace", "ada", "spring"],
        ["recommend", "ada"],
        ["erase", "ada"],
    ],
)
def test_without_a_stack_every_command_says_how_to_get_one(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "start one with `mpp up`" in result.output


@pytest.mark.parametrize("arguments", [["ingest", "data/seed_conversations.json"], ["check"]])
def test_without_a_running_dagster_nothing_is_begun(stack: Stack, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "Start the stack with `mpp up`" in result.output
    assert not (stack.home / "landing").exists()


def test_without_a_running_api_there_is_no_trace(stack: Stack) -> None:
    result = CliRunner().invoke(app, ["trace", "ada", "spring"])
    assert result.exit_code == 1
    assert "The API does not answer" in result.output


def test_campaigns_are_put_in_place_whether_the_stack_runs_or_not(
    stack: Stack, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["campaigns", "data/sample_campaigns.json"])
    assert result.exit_code == 0
    assert "14 campaigns" in result.output
    placed = store_settings().campaigns_file
    assert placed.read_bytes() == Path("data/sample_campaigns.json").read_bytes()

    wrong = tmp_path / "wrong.json"
    wrong.write_text('[{"campaign_id": "boots"}]')
    result = CliRunner().invoke(app, ["campaigns", str(wrong)])
    assert result.exit_code == 1
    assert "record 1: name: Field required" in result.output
    assert placed.read_bytes() == Path("data/sample_campaigns.json").read_bytes()


def test_a_campaign_file_that_is_not_there_is_named(stack: Stack) -> None:
    result = CliRunner().invoke(app, ["campaigns", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.output


def test_a_stack_that_nothing_landed_in_has_no_rejected_record(stack: Stack) -> None:
    result = CliRunner().invoke(app, ["rejected", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output) == []

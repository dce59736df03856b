import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from select import select

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from mpp_local.batches.withdrawal import Withdrawal, Withdrawn
from mpp_local.cli import app
from mpp_local.commands.stack import store_settings
from mpp_local.engines import engines_of
from mpp_local.engines.postgres import MALFORMED
from mpp_local.ports import taking_ports
from mpp_local.runs.client import DagsterClient
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.supervision import Process, Supervisor
from mpp_stores.lake import REJECTED_EVENT_SCHEMA, BatchSummary, Lake
from tests.stacks import address_settings

PATIENCE_SECONDS = 60.0


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
    monkeypatch.setenv("MPP_MONGO_DATABASE", "elsewhere")
    monkeypatch.setenv("MPP_MILVUS_TOKEN", "elsewhere")
    settings = store_settings()
    assert str(stack.ports["postgres"]) in settings.postgres_url.get_secret_value()
    assert settings.mongo_database == "mpp"
    assert settings.milvus_token.get_secret_value() == ""
    assert settings.home == stack.home


def test_of_an_engine_elsewhere_the_settings_are_those_of_the_start(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.external = {"mongo": {"MPP_MONGO_URI": "mongodb://elsewhere"}}
    stack.save()
    monkeypatch.setenv("MPP_MONGO_DATABASE", "of-the-caller")
    assert store_settings().mongo_database == "mpp"


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "data/seed_conversations.json"],
        ["withdraw", "a.json"],
        ["campaigns", "data/sample_campaigns.json"],
        ["refresh"],
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
    for setting in address_settings(tmp_path):
        monkeypatch.delenv(setting, raising=False)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "start one with `mpp up`" in result.output


@pytest.mark.parametrize(
    ("engine", "address"),
    [
        ("redis", {"MPP_REDIS_URL": "redis://:se/cret@cache:6379"}),
        ("mongo", {"MPP_MONGO_URI": "mongodb://mpp:se/cret@documents:27017"}),
    ],
)
def test_a_malformed_address_is_unreachable_and_not_shown(
    stack: Stack, engine: str, address: dict[str, str]
) -> None:
    stack.external = {engine: address}
    stack.save()
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 1
    [row] = [line for line in result.output.splitlines() if line.startswith(engine)]
    assert row.split() == [engine, "external", "unreachable", "a", "malformed", "address"]
    assert "cret" not in result.output


@pytest.mark.parametrize("password", ["se[cret", "se/cret", "se?cret"])
def test_an_address_that_dagster_could_not_use_is_refused_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    for setting in address_settings(tmp_path):
        monkeypatch.delenv(setting, raising=False)
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    monkeypatch.setenv("MPP_POSTGRES_URL", f"postgresql://mpp:{password}@host:5432/mpp")
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 1
    assert result.output.endswith(f"{MALFORMED}\n")  # after it has waited for another stack
    assert "cret" not in result.output


def said_first(*arguments: str) -> str:
    """The first line from a command, which is then terminated; empty if it stays silent."""
    command = [sys.executable, "-m", "mpp_local", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said, _, _ = select([process.stderr], [], [], PATIENCE_SECONDS)
        line = process.stderr.readline() if said else ""
        process.terminate()
    return line


@pytest.mark.parametrize("arguments", [["up"], ["down"], ["reset", "--yes"]])
def test_whoever_waits_for_another_command_on_the_stack_is_told(
    stack: Stack, arguments: list[str]
) -> None:
    with Stack.locked(stack.home, print):
        assert said_first(*arguments) == "waiting for another command on this stack\n"


def test_whoever_waits_for_another_stack_to_start_is_told(stack: Stack) -> None:
    with taking_ports(print):
        assert said_first("up") == "waiting for another stack of this user to start\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["refresh"], "no day has events"),
        (["refresh", "2026-11-18", "2026-11-17"], "2026-11-17 is before 2026-11-18"),
        (["refresh", "yesterday"], "Invalid value"),
        (["refresh", "2019-12-31"], "2019-12-31 is not between 2020-01-01 and"),
        (["refresh", "2026-11-18", "2999-01-01"], "2999-01-01 is not between"),
        (["erase", ""], "more than white space"),
        (["erase", " "], "more than white space"),
    ],
)
def test_what_cannot_be_is_refused(stack: Stack, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0
    assert said in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "data/seed_conversations.json"],
        ["withdraw", "a.json"],
        ["refresh", "2026-11-18"],
        ["check"],
        ["erase", "ada"],
    ],
)
def test_without_a_running_dagster_nothing_is_begun(stack: Stack, arguments: list[str]) -> None:
    """Not with another stack's either, which may have the port by now."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert result.output == (
        f"The dagster-webserver of {stack.home} does not run. Start the stack with `mpp up`.\n"
    )
    assert not (stack.home / "landing").exists()


@pytest.mark.parametrize("arguments", [["recommend", "ada"], ["trace", "ada", "spring"]])
def test_without_a_running_api_nobody_is_asked(stack: Stack, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert result.output == (
        f"The api of {stack.home} does not run. Start the stack with `mpp up`.\n"
    )


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


def test_campaigns_for_an_empty_platform_replace_none(stack: Stack) -> None:
    arguments = ["campaigns", "--if-empty", "data/sample_campaigns.json"]
    assert "14 campaigns" in CliRunner().invoke(app, arguments).output
    placed = store_settings().campaigns_file
    placed.write_text("[]")
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, placed.read_text()) == (0, "[]")

    placed.unlink()
    (stack.home / "landing").mkdir()
    (stack.home / "landing" / "own.json").touch()
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert not placed.exists()


@pytest.mark.usefixtures("stack")
def test_a_campaign_file_that_cannot_be_put_in_place_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    result = CliRunner().invoke(app, ["campaigns", "data/sample_campaigns.json"])
    assert result.exit_code == 1
    assert result.output == f"{store_settings().campaigns_file}: No space left on device\n"


@pytest.fixture
def idle_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A running Dagster without runs."""
    webserver = Process("dagster-webserver", "services", "RUNNING", 1, 60, "")
    monkeypatch.setattr(Supervisor, "processes", lambda _: {webserver.name: webserver})
    monkeypatch.setattr(DagsterClient, "runs_since", lambda *_: [])


@pytest.mark.usefixtures("idle_dagster")
def test_a_batch_that_cannot_be_moved_ends_with_a_sentence(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed = stack.home / "landing" / "a.json"
    landed.parent.mkdir()
    landed.touch()

    def fail(path: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(path), None, str(target))

    monkeypatch.setattr(Path, "replace", fail)
    result = CliRunner().invoke(app, ["withdraw", "a.json"])
    assert result.exit_code == 1
    assert result.output == f"{landed}: Invalid cross-device link\n"


@pytest.mark.usefixtures("idle_dagster")
@pytest.mark.parametrize(
    ("is_file_kept", "said"),
    [(True, "Its file is kept: {folder}/a.json"), (False, "Its file had been deleted before")],
)
def test_withdraw_says_whether_there_is_a_way_back(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, is_file_kept: bool, said: str
) -> None:
    withdrawn = Withdrawn(None, was_withdrawn=False, is_file_kept=is_file_kept)
    monkeypatch.setattr(Withdrawal, "run", lambda *_: withdrawn)
    result = CliRunner().invoke(app, ["withdraw", "a.json"])
    folder = stack.home / "withdrawn"
    assert result.output.splitlines()[-1] == said.format(folder=folder)


def test_reset_deletes_what_the_commands_wrote(stack: Stack) -> None:
    for arguments in (
        ["campaigns", "data/sample_campaigns.json"],
        ["keys", "create", "--name", "job"],
        ["reset", "--yes"],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    assert "kept" not in result.output
    assert not stack.home.exists()


def test_a_campaign_file_that_is_not_there_is_named(stack: Stack) -> None:
    result = CliRunner().invoke(app, ["campaigns", "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.output


def test_a_stack_that_nothing_landed_in_has_no_rejected_record(stack: Stack) -> None:
    result = CliRunner().invoke(app, ["rejected", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output) == []


def test_rejected_records_can_be_asked_for_by_a_reason(stack: Stack) -> None:
    lake = Lake(store_settings().lake)
    rows = [
        {"batch": "a.json", "position": position, "reasons": [reason], "record": "{}"}
        for position, reason in enumerate(["timestamp invalid", "message missing"], start=1)
    ]
    folder = lake.rejected("a.json", 1)
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, REJECTED_EVENT_SCHEMA), folder / "part-0.parquet")
    lake.write_summary(BatchSummary("a.json", 1, "", False, 2, 0, 2, 0, {}, [], []))
    result = CliRunner().invoke(app, ["rejected", "--reason", "message", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output) == [rows[1]]

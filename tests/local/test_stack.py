"""What holds while a stack runs."""

import json
import shutil
import stat
from contextlib import suppress

import psutil
import pytest
from typer.testing import CliRunner

from mpp_local.cli import app
from mpp_local.stack import STATE_FILE, Stack
from tests.local.commands import Mpp


@pytest.fixture
def processes(stores: Mpp) -> list[psutil.Process]:
    """Every process of the stores. Postgres starts and ends some of its own all the time."""
    programs = [psutil.Process(row.pid) for row in stores.status().values() if row.pid]
    return programs + [child for p in programs for child in p.children(recursive=True)]


def test_starting_again_leaves_running_engines_alone(stores: Mpp) -> None:
    before = {name: row.pid for name, row in stores.status().items()}

    assert stores("up", "--only", "stores").returncode == 0

    assert {name: row.pid for name, row in stores.status().items()} == before


def test_status_shows_every_component_with_its_product_and_memory(stores: Mpp) -> None:
    answer = json.loads(stores("status", "--json").stdout)
    rows = {row["component"]: row for row in answer["components"]}

    assert {row["state"] for row in rows.values() if row["pid"]} == {"ready"}
    assert rows["mongo"]["engine"] == "NX-27017 (nx-27017)"
    assert rows["neo4j"]["rss_mb"] > 10
    assert rows["api"]["state"] == "stopped"
    assert answer["total_rss_mb"] > rows["neo4j"]["rss_mb"]
    assert answer["disk_free_mb"] > 0


@pytest.mark.parametrize(("free_mb", "exit_code"), [(499, 1), (1_500, 0)])
def test_status_says_when_the_disk_is_nearly_full(
    stores: Mpp, monkeypatch: pytest.MonkeyPatch, free_mb: int, exit_code: int
) -> None:
    disk = shutil.disk_usage(stores.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=free_mb * 1_000_000))
    monkeypatch.setenv("MPP_HOME", str(stores.home))
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == exit_code
    assert f"{free_mb:,} MB free on the disk with {stores.home}" in result.output


def test_every_port_is_bound_to_the_loopback_interface(processes: list[psutil.Process]) -> None:
    hosts = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            hosts |= {
                connection.laddr.ip
                for connection in process.net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            }

    assert hosts <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert hosts


def test_no_password_is_visible_in_a_command_line(
    stores: Mpp, processes: list[psutil.Process]
) -> None:
    passwords = Stack.load(stores.home).passwords

    commands = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            commands.append(" ".join(process.cmdline()))

    assert set(passwords) == {"postgres", "neo4j", "redis"}
    assert any(str(stores.home) in command for command in commands)
    assert not any(password in command for password in passwords.values() for command in commands)


def test_no_file_with_a_password_is_readable_by_others(stores: Mpp) -> None:
    open_to_others = [
        path
        for path in (stores.home / STATE_FILE, *stores.home.joinpath("run").glob("*.conf"))
        if stat.S_IMODE(path.stat().st_mode) != 0o600
    ]
    folders = [stores.home / name for name in ("run", "logs", "dagster")]
    folders += stores.home.joinpath("engines").iterdir()

    assert open_to_others == []
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


def test_the_log_of_a_component_is_shown_by_name(stores: Mpp) -> None:
    assert "ready to accept connections" in stores("logs", "postgres").stdout


def test_an_unknown_log_is_refused_with_the_known_names(stores: Mpp) -> None:
    refused = stores("logs", "oracle")

    assert refused.returncode != 0
    assert "postgres" in refused.stderr

"""Commands where no stack is and the environment has the addresses, as in a container."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpp_local.cli import app


@pytest.fixture(autouse=True)
def variables(
    addresses: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Those of the running stores. Neither Dagster nor the API runs."""
    for name, value in {**addresses, "MPP_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return addresses


def answer(command: str, *, status: int = 1) -> str:
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == status, result.output
    return result.output


def test_the_stores_of_the_environment_are_asked() -> None:
    assert answer("releases --json", status=0).startswith("[")
    assert "could not go back to release 'r0'" in answer("rollback r0")


@pytest.mark.parametrize("command", ["withdraw a.json", "check"])
def test_the_dagster_of_the_environment_is_asked(variables: dict[str, str], command: str) -> None:
    assert f"Dagster does not answer at {variables['MPP_DAGSTER_URL']}" in answer(command)


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("MPP_REDIS_URL", "releases"),
        ("MPP_NEO4J_PASSWORD", "releases"),
        ("MPP_DAGSTER_URL", "check"),
        ("MPP_API_URL", "recommend ada"),
    ],
)
def test_what_the_environment_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, missing: str, command: str
) -> None:
    monkeypatch.delenv(missing)
    assert answer(command).endswith(f"or set MPP_HOME, or {missing} too\n")


def test_an_address_with_credentials_is_refused_without_showing_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MPP_MILVUS_URI", "https://us:hunter2@vectors:19530")
    assert answer("releases") == (
        "MPP_MILVUS_URI holds credentials: set MPP_MILVUS_TOKEN instead\n"
    )


@pytest.mark.parametrize("command", ["down", "status", "logs api", "reset --yes"])
def test_a_command_on_a_stack_needs_one(command: str) -> None:
    assert "holds no stack" in answer(command)

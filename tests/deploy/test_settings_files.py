"""docker-compose.yml, .env.example and the settings classes speak of the same variables."""

import os
import re
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic_settings import BaseSettings

from mpp_api.settings import ApiSettings
from mpp_assets.settings import PipelineSettings, SparkSettings
from mpp_local.environment import environment_of
from mpp_local.services import SERVICES as PARTS
from mpp_local.stack import Stack
from mpp_stores.settings import StoreSettings
from tests.deploy.files import STORES, read, required, service_names, services, variables

CLASSES: tuple[type[BaseSettings], ...] = (ApiSettings, PipelineSettings, SparkSettings)
OF_A_STACK = {
    *("MPP_DAGSTER_POSTGRES_URL", "MPP_DAGSTER_URL", "MPP_API_URL", "MPP_API_KEY"),
    *("MPP_LOCAL_MILVUS", "MPP_PYTHON"),
}
"""What is set for a stack and its callers, and read without a settings class."""


SETTINGS = {name for settings in CLASSES for name in variables(settings)}


def given(name: str) -> set[str]:
    """The variables that a service finds: from the file, and from its secrets."""
    service = services()[name]
    secrets = {secret["source"].upper() for secret in service.get("secrets", [])}
    return {v for v in {*service.get("environment", {}), *secrets} if v.startswith("MPP_")}


@pytest.fixture
def examples(tmp_path: Path) -> dict[str, str]:
    """What .env.example gives to the settings that have no default."""
    return sourced(re.sub("^# MPP_", "MPP_", read(".env.example"), flags=re.MULTILINE), tmp_path)


@pytest.fixture
def uncommented(tmp_path: Path) -> dict[str, str]:
    """What .env.example sets when every line of it is used."""
    return sourced(re.sub("^# ?MPP_", "MPP_", read(".env.example"), flags=re.MULTILINE), tmp_path)


def sourced(text: str, folder: Path) -> dict[str, str]:
    """What a shell has in its environment after it read the file as its header says."""
    (folder / ".env").write_text(text)
    shell = ["sh", "-euc", "set -a; . ./.env; set +a; exec env -0"]
    environment = {"PATH": os.environ["PATH"]}
    shown = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, check=True)
    variables = dict(line.split("=", 1) for line in shown.stdout.decode().split("\0") if line)
    return {name: value for name, value in variables.items() if name.startswith("MPP_")}


def test_the_example_names_every_setting_and_nothing_else(uncommented: dict[str, str]):
    named = {re.sub("__.*", "", name) for name in uncommented}
    assert named - OF_A_STACK == SETTINGS
    assert named >= OF_A_STACK


@pytest.mark.parametrize("settings", CLASSES)
def test_what_the_example_shows_as_defaults_are_the_defaults(
    examples: dict[str, str], uncommented: dict[str, str], settings: type[BaseSettings]
):
    with patch.dict(os.environ, examples, clear=True):
        defaults = settings().model_dump()
    with patch.dict(os.environ, uncommented, clear=True):
        assert settings().model_dump() == defaults


def test_the_example_has_examples_only_for_what_has_no_default(examples: dict[str, str]):
    without = {
        f"{settings.model_config['env_prefix']}{name}".upper()
        for settings in CLASSES
        for name, field in settings.model_fields.items()
        if field.is_required() or not field.default
    }
    assert examples.keys() <= without | OF_A_STACK


@pytest.mark.parametrize("name", service_names())
def test_compose_sets_nothing_that_nobody_reads(tmp_path: Path, name: str):
    stack = Stack(tmp_path)
    for part in PARTS:
        stack.assign_ports(part.default_ports, must_be_free=False)
    stack.ports |= dict.fromkeys(STORES, 1)
    assert given(name) <= SETTINGS | environment_of(stack).keys()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("api", ApiSettings),
        ("dagster-code-server", PipelineSettings),
        ("dagster-daemon", PipelineSettings),
        ("airflow-scheduler", PipelineSettings),
    ],
)
def test_compose_sets_what_a_program_cannot_do_without(name: str, settings: type[BaseSettings]):
    assert required(settings) <= given(name)


def test_a_password_comes_from_a_secret():
    hidden = {"MPP_DAGSTER_POSTGRES_URL"} | {
        f"MPP_{name}".upper()
        for name, field in StoreSettings.model_fields.items()
        if "Secret" in str(field.annotation)
    }
    for name, service in services().items():
        written = service.get("environment", {})
        assert not hidden & written.keys(), name

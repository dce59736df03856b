"""docker-compose.yml, .env.example and the settings classes speak of the same variables."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from mpp_api.settings import ApiSettings
from mpp_assets.settings import PipelineSettings, SparkSettings
from mpp_local.environment import environment_of
from mpp_local.services import SERVICES as PARTS
from mpp_local.stack import Stack
from mpp_stores.settings import StoreSettings
from tests.deploy.files import STORES, read, required, services, variables

CLASSES: tuple[type[BaseSettings], ...] = (ApiSettings, PipelineSettings, SparkSettings)
OF_A_STACK = {"MPP_DAGSTER_POSTGRES_URL", "MPP_API_URL", "MPP_API_KEY", "MPP_LOCAL_MILVUS"}
"""What is set for a stack and its callers, and read without a settings class."""


SETTINGS = {name for settings in CLASSES for name in variables(settings)}


def given(name: str) -> set[str]:
    """The variables that a service finds: from the file, and from its secrets."""
    service = services()[name]
    secrets = {secret["source"].upper() for secret in service.get("secrets", [])}
    return {v for v in {*service.get("environment", {}), *secrets} if v.startswith("MPP_")}


def test_the_example_names_every_setting_and_nothing_else():
    named = {
        re.sub("__.*", "", name)
        for name in re.findall(r"^#(MPP_\w+)=", read(".env.example"), flags=re.MULTILINE)
    }
    assert named - OF_A_STACK == SETTINGS
    assert named >= OF_A_STACK


@pytest.mark.parametrize("name", services())
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

"""The files that run the platform in containers, read by the tools that people use for it."""

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from pydantic_settings import BaseSettings

from mpp_local.project import PROJECT_ROOT
from mpp_local.tool_environments import ensure

COMPOSE_FILE = PROJECT_ROOT / "docker-compose.yml"
WORKFLOW_FILE = PROJECT_ROOT / ".github/workflows/ci.yml"
PROFILES = ("stores", "all", "airflow")
STORES = {"postgres", "neo4j", "mongo", "milvus", "redis"}


def tool(name: str, *arguments: str) -> str:
    """What the tool prints; it fails the test when it finds something."""
    binaries = ensure("deploy", PROJECT_ROOT / "deploy/tools.txt")
    done = subprocess.run(
        [binaries / name, *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@functools.cache
def compose(*profiles: str) -> Any:
    """What Compose makes of its file: anchors, profiles and names resolved."""
    chosen = [option for profile in profiles for option in ("--profile", profile)]
    return json.loads(tool("docker-compose", *chosen, "config", "--format", "json"))


def services() -> dict[str, Any]:
    return dict(compose(*PROFILES)["services"])


def service_names() -> list[str]:
    """Read without Compose: collecting tests installs nothing."""
    return sorted(yaml.safe_load(COMPOSE_FILE.read_text())["services"])


def read(path: str) -> str:
    return Path(PROJECT_ROOT / path).read_text()


def workflow() -> Any:
    return yaml.safe_load(WORKFLOW_FILE.read_text())


def variables(settings: type[BaseSettings], *, only_required: bool = False) -> set[str]:
    """What a program reads from its environment."""
    prefix = settings.model_config["env_prefix"]
    return {
        f"{prefix}{name}".upper()
        for name, field in settings.model_fields.items()
        if field.is_required() or not only_required
    }


def required(settings: type[BaseSettings]) -> set[str]:
    return variables(settings, only_required=True)

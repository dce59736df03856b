"""What is in the images: the Dockerfile's promises, as far as they hold without an engine."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mpp_local.project import PROJECT_ROOT
from tests.deploy.files import read, tool

PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
API_ONLY = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cli"]
CUDA = ("nvidia", "cuda", "triton")
NOT_IN_THE_API = {"dagster", "dagster-webserver", "pyspark", "py4j", "matplotlib"}
REFUSING = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv.pop(1).split())
sys.meta_path.insert(0, Absent())
"""
SERVING = """
import importlib.util
import mpp_api.__main__, mpp_api.main, mpp_local.cli
for name in ("torch", "sentence_transformers", "transformers"):
    assert importlib.util.find_spec(name), name
print(mpp_api.main.create_app().title)
"""


def installed(requirements: list[str]) -> set[str]:
    """The names of the distributions that pip installs for these requirements."""
    found: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), {"", *wanted.extras}
        if extras <= found.setdefault(name, set()):
            continue
        found[name] |= extras
        package: Distribution = distribution(name)
        for requirement in map(Requirement, package.requires or []):
            marker = requirement.marker
            if not marker or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(requirement)
    return set(found)


def test_the_api_is_installed_without_spark_dagster_and_cuda():
    """But for what torch itself needs: that depends on the index, and the Dockerfile refuses it."""
    names = installed(API_ONLY)
    assert not names & NOT_IN_THE_API
    assert not [name for name in names - installed(["torch"]) if name.startswith(CUDA)]


def test_the_lock_is_of_a_torch_without_cuda():
    assert not [line for line in read("requirements.lock").splitlines() if line.startswith(CUDA)]


def test_the_api_and_the_command_line_start_with_what_their_image_has():
    names = installed(API_ONLY)
    absent = {
        module
        for module, owners in packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & names
        and not module.startswith(("mpp_", "_", "__editable__"))
    }
    assert {"dagster", "pyspark"} <= absent
    nowhere = {
        "MPP_POSTGRES_URL": "postgresql://127.0.0.1:1/mpp",
        "MPP_NEO4J_URI": "bolt://127.0.0.1:1",
        "MPP_NEO4J_PASSWORD": "none",
        "MPP_MONGO_URI": "mongodb://127.0.0.1:1",
        "MPP_MILVUS_URI": "http://127.0.0.1:1",
        "MPP_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", REFUSING + SERVING, " ".join(sorted(absent))],
        env={**os.environ, **nowhere},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "personalization" in done.stdout


def test_hadolint_finds_nothing_in_the_dockerfile():
    tool("hadolint", "Dockerfile")


def test_every_target_that_compose_builds_runs_as_the_same_user():
    stages = read("Dockerfile").split("\nFROM ")
    for target in ("api", "pipeline", "airflow"):
        [stage] = [text for text in stages if text.splitlines()[0].endswith(f" AS {target}")]
        users = [line for line in stage.splitlines() if line.startswith("USER ")]
        assert users[-1] == "USER 10001:10001"


def test_what_the_dockerfile_copies_reaches_the_builder():
    kept = {line[1:].rstrip("/") for line in read(".dockerignore").splitlines() if line[:1] == "!"}
    copied = {
        name.rstrip("/")
        for line in read("Dockerfile").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied - {"."} <= kept
    assert all((PROJECT_ROOT / name).exists() for name in kept)


@pytest.mark.parametrize("status", [0, 7])
def test_a_command_finds_its_secrets_in_its_environment(tmp_path, status):
    (tmp_path / "mpp_redis_url").write_text("redis://:it's $HOME\n")
    (tmp_path / "postgres_password").write_text("of another program")
    shown = subprocess.run(
        [PROJECT_ROOT / "deploy/with-secrets", tmp_path, "sh", "-c", f"env; exit {status}"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == status
    assert "MPP_REDIS_URL=redis://:it's $HOME\n" in shown.stdout
    assert "another program" not in shown.stdout

"""What docker-compose.yml promises of every service."""

import re
import subprocess
from pathlib import Path

import pytest

from mpp_local.project import PROJECT_ROOT
from tests.deploy.files import PROFILES, STORES, compose, service_names, services, tool

SERVICES = service_names()
PUBLISHED = {"api": "8000", "dagster-webserver": "3000", "spark-master": "8080"}
PUBLISHED |= {"airflow-api-server": "8081"}
RUNS_ONCE = {"airflow-database"}
SPARK = {"spark-worker", "dagster-code-server", "airflow-scheduler"}
"""Where its executors and drivers run."""


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_accepts_every_profile_with_all_that_its_services_wait_for(profile):
    assert compose(profile)["services"].keys() >= STORES


def test_the_profile_of_the_stores_starts_nothing_else():
    assert compose("stores")["services"].keys() == STORES | {"etcd", "minio"}


def test_compose_lint_finds_nothing_else():
    configuration = ("--config", "deploy/compose-lint.yml")
    tool("compose-lint", "check", *configuration, "--fail-on", "low", "docker-compose.yml")


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_of_one_version(name):
    tag = services()[name]["image"].rpartition(":")[2]
    assert re.search(r"\d+\.\d+\.\d+|\d+\.\d+-|RELEASE\.\d{4}-\d\d-\d\dT", tag)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - RUNS_ONCE))
def test_every_service_has_a_health_check(name):
    assert services()[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_limits(name):
    assert services()[name]["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_privileges_than_it_needs(name):
    service = services()[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("read_only") or "build" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_read_only_service_is_given_is_a_file_here(name):
    """Compose copies every other config and secret into the container, and cannot."""
    service = services()[name]
    for kind in ("configs", "secrets"):
        given = {each["source"] for each in service.get(kind, []) if service.get("read_only")}
        assert {each for each in given if "file" not in compose(*PROFILES)[kind][each]} == set()


def test_minio_can_make_folders_in_its_home():
    minio = services()["minio"]
    assert minio["environment"]["HOME"] in {mount.partition(":")[0] for mount in minio["tmpfs"]}


def test_libraries_that_spark_unpacks_to_tmp_can_be_loaded_and_nothing_else():
    """Docker mounts every other tmpfs noexec."""
    mounted = {name: service.get("tmpfs", []) for name, service in services().items()}
    assert {name for name, all_of in mounted.items() if "/tmp:mode=1777,exec" in all_of} == SPARK


def test_only_the_api_and_the_uis_are_published_and_only_on_this_machine():
    published = {
        name: port["published"]
        for name, service in services().items()
        for port in service.get("ports", [])
    }
    assert published == PUBLISHED
    assert {p["host_ip"] for s in services().values() for p in s.get("ports", [])} == {"127.0.0.1"}


@pytest.mark.parametrize("name", sorted(STORES | {"etcd", "minio"}))
def test_every_store_keeps_its_data_in_a_named_volume(name):
    kept = [volume for volume in services()[name]["volumes"] if volume["type"] == "volume"]
    assert {volume["source"] for volume in kept} <= compose(*PROFILES)["volumes"].keys()
    assert kept


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_what_it_needs_answers(name):
    for needed, how in services()[name].get("depends_on", {}).items():
        once = needed in RUNS_ONCE
        expected = "service_completed_successfully" if once else "service_healthy"
        assert how["condition"] == expected


def test_the_script_makes_every_secret_in_a_folder_that_git_ignores(tmp_path: Path):
    script = tmp_path / "secrets.sh"
    script.write_bytes((PROJECT_ROOT / "deploy/secrets.sh").read_bytes())
    subprocess.run(["sh", script], check=True)
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    named = {Path(secret["file"]) for secret in compose(*PROFILES)["secrets"].values()}
    assert {file.name for file in named} <= made.keys()
    for file in named:
        subprocess.run(["git", "check-ignore", "--quiet", file], cwd=PROJECT_ROOT, check=True)
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    subprocess.run(["sh", script], check=True)
    assert {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()} == made


@pytest.mark.parametrize(
    "password", ["p@ss", "p/ss", "p:ss", "päss", "two words", "two\nlines", ""]
)
def test_the_script_refuses_a_password_that_an_address_could_not_hold(
    tmp_path: Path, password: str
):
    script, file = tmp_path / "secrets.sh", tmp_path / "secrets" / "mongo_password"
    script.write_bytes((PROJECT_ROOT / "deploy/secrets.sh").read_bytes())
    file.parent.mkdir()
    file.write_text(f"{password}\n")
    refused = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr == f"{file}: use letters, digits and - . _ ~ only\n"
    assert not list(file.parent.glob("mpp_*"))

    file.write_text("Own-password_1.~\n")
    subprocess.run(["sh", script], check=True)
    assert ":Own-password_1.~@" in (file.parent / "mpp_mongo_uri").read_text()

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mpp_local import prerequisites
from mpp_local.prerequisites import (
    browser_problem,
    find_browser_driver,
    find_java,
    find_platform,
    java_problem,
    python_problem,
    venv_problem,
)


def java_that_reports(version: str, folder: Path) -> str:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return str(java)


def test_an_old_python_is_named_with_the_fix() -> None:
    problem = python_problem((3, 10))

    assert problem is not None
    assert "3.11 or newer is needed and this is 3.10" in problem
    assert "make PYTHON=" in problem


def test_a_suitable_python_is_accepted() -> None:
    assert python_problem((3, 13)) is None


@pytest.mark.parametrize(
    ("platform", "fix"),
    [
        ("debian", "sudo apt-get install python3.13-venv"),
        ("ubuntu", "sudo apt-get install python3.13-venv"),
        ("arch", "install what your system calls python-venv"),
    ],
)
def test_a_python_that_makes_no_environments_is_one_sentence_with_the_fix(
    platform: str, fix: str
) -> None:
    assert venv_problem((3, 13), platform, has_ensurepip=False) == (
        f"Python 3.13 lacks ensurepip, which virtual environments need: {fix}"
    )


def test_a_python_without_ensurepip_fails_before_an_environment_is_made(tmp_path: Path) -> None:
    """As Debian has it where python3-venv is not installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'ensurepip' else found(name)\n"
    )
    done = subprocess.run(
        [sys.executable, prerequisites.__file__],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    version = sys.version_info[:2]
    assert done.returncode == 1
    assert done.stderr == f"{venv_problem(version, find_platform(), has_ensurepip=False)}\n"


@pytest.mark.parametrize(
    ("platform", "fix"),
    [
        ("debian", "sudo apt-get install default-jre-headless"),
        ("ubuntu", "sudo apt-get install openjdk-17-jre-headless"),
        ("fedora", "sudo dnf install java-25-openjdk-headless"),
        ("macos", "brew install --cask temurin@17"),
        ("arch", "install it, and set JAVA_HOME where it is not in PATH"),
    ],
)
def test_a_missing_java_is_one_sentence_with_the_fix(platform: str, fix: str) -> None:
    assert java_problem(None, platform) == (
        f"Java 17 or newer is needed by Spark and was not found: {fix}"
    )


@pytest.mark.parametrize(("reported", "version"), [("1.8.0_292", 8), ("11.0.2", 11)])
def test_an_old_java_is_named(reported: str, version: int, tmp_path: Path) -> None:
    problem = java_problem(java_that_reports(reported, tmp_path), "debian")

    assert problem is not None
    assert f"only Java {version} was found" in problem


@pytest.mark.parametrize("reported", ["17.0.15", "21", "25-ea"])
def test_a_suitable_java_is_accepted(reported: str, tmp_path: Path) -> None:
    assert java_problem(java_that_reports(reported, tmp_path), "debian") is None


def test_java_home_goes_before_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/opt/java")

    assert find_java() == "/opt/java/bin/java"


@pytest.mark.parametrize(
    ("browser", "driver", "missing"),
    [
        (None, None, "Chromium and chromedriver"),
        ("/usr/bin/chromium", None, "chromedriver"),
        (None, "/usr/bin/chromedriver", "Chromium"),
    ],
)
def test_a_missing_browser_is_one_sentence_with_the_fix(
    browser: str | None, driver: str | None, missing: str
) -> None:
    assert browser_problem(browser, driver, "debian") == (
        f"The tests need {missing}, not found here: sudo apt-get install chromium chromium-driver"
    )


@pytest.mark.parametrize(
    ("platform", "fix"),
    [
        ("ubuntu", "sudo snap install chromium"),
        ("fedora", "sudo dnf install chromium chromedriver"),
        ("macos", "put both, of one version, into PATH"),
    ],
)
def test_what_installs_the_browser_depends_on_the_platform(platform: str, fix: str) -> None:
    problem = browser_problem(None, None, platform)

    assert problem is not None
    assert problem.endswith(f": {fix}")


def test_a_browser_and_its_driver_are_accepted() -> None:
    assert browser_problem("/usr/bin/chromium", "/usr/bin/chromedriver", "debian") is None


def test_the_driver_of_ubuntus_snap_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "chromium.chromedriver"
    driver.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_browser_driver() == str(driver)


def test_a_machine_that_can_install_no_browser_fails_with_the_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, prerequisites.__file__, "browser"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == f"{browser_problem(None, None, find_platform())}\n"

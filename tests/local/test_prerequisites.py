import subprocess
import sys
from pathlib import Path

import pytest

from mpp_local import prerequisites
from mpp_local.prerequisites import browser_problem, find_java, java_problem, python_problem


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


def test_a_missing_java_is_one_sentence_with_the_fix() -> None:
    assert java_problem(None) == (
        "Java 17 or newer is needed by Spark and was not found: "
        "sudo apt-get install openjdk-17-jre-headless (macOS: brew install openjdk@17)"
    )


@pytest.mark.parametrize(("reported", "version"), [("1.8.0_292", 8), ("11.0.2", 11)])
def test_an_old_java_is_named(reported: str, version: int, tmp_path: Path) -> None:
    problem = java_problem(java_that_reports(reported, tmp_path))

    assert problem is not None
    assert f"only Java {version} was found" in problem


@pytest.mark.parametrize("reported", ["17.0.15", "21", "25-ea"])
def test_a_suitable_java_is_accepted(reported: str, tmp_path: Path) -> None:
    assert java_problem(java_that_reports(reported, tmp_path)) is None


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
    assert browser_problem(browser, driver) == (
        f"The tests need {missing}, not found here: sudo apt-get install chromium "
        "chromium-driver (macOS: brew install --cask chromium chromedriver)"
    )


def test_a_browser_and_its_driver_are_accepted() -> None:
    assert browser_problem("/usr/bin/chromium", "/usr/bin/chromedriver") is None


def test_a_machine_that_can_install_no_browser_fails_with_the_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, prerequisites.__file__, "browser"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == f"{browser_problem(None, None)}\n"

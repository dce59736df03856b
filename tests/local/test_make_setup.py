"""`make setup` in a checkout of its own, with a Python that only says what it was asked for."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mpp_local.project import PROJECT_ROOT

PYTHON = """#!/bin/sh
echo "$*" >>calls
case "$*" in
"-m venv --clear .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch .venv/pip ;;
"-m pip --version") test -e .venv/pip ;;
"-c import pip;"*) test -e .venv/pip && echo there ;;
*--requirement*) if [ -e killing ]; then kill -KILL $PPID; fi ;;
esac
"""
LOCK = "filelock==4.2.12\ntorch==2.13.0\ntorchtext==0.1\n"
MAKE = ["make", "PYTHON=./python", "setup"]
NEW_ENVIRONMENT = "-m venv --clear .venv"
PACKAGES = "-m pip install --disable-pip-version-check --no-compile --requirement requirements.lock"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(PROJECT_ROOT / "Makefile", folder)
    (folder / "requirements.lock").write_text(LOCK)
    (folder / "pyproject.toml").touch()
    executable(folder / "python")
    return folder


def environment(**variables: str) -> dict[str, str]:
    """Not that of a `make test` which runs this."""
    return {"PATH": os.environ["PATH"], **variables}


def executable(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(PYTHON)
    file.chmod(0o755)


def asked_for_by_setup(checkout: Path, **variables: str) -> list[str]:
    """What Python was asked for."""
    calls = checkout / "calls"
    calls.unlink(missing_ok=True)
    with (checkout / "output").open("w") as output:
        subprocess.run(MAKE, cwd=checkout, env=environment(**variables), stdout=output, check=True)
    return calls.read_text().splitlines()


def test_it_makes_an_environment_with_the_packages_of_the_lock(checkout: Path) -> None:
    asked = asked_for_by_setup(checkout)

    assert asked.index(NEW_ENVIRONMENT) < asked.index(PACKAGES)
    assert not [call for call in asked if "--index-url" in call]


def test_once_is_enough(checkout: Path) -> None:
    asked_for_by_setup(checkout)

    assert not [call for call in asked_for_by_setup(checkout) if call.startswith("-m")]


def test_torch_alone_comes_from_the_index_of_pytorch(checkout: Path) -> None:
    asked = asked_for_by_setup(checkout, PYTORCH_INDEX_URL="https://index.example/cpu")

    torch = (
        "-m pip install --disable-pip-version-check --no-deps "
        "--index-url https://index.example/cpu torch==2.13.0"
    )
    assert asked.index(torch) < asked.index(PACKAGES)


def test_an_environment_that_was_left_without_pip_is_made_anew(checkout: Path) -> None:
    """As `venv` leaves it where Debian's python3-venv is missing, or when it is interrupted."""
    executable(checkout / ".venv/bin/python")

    assert NEW_ENVIRONMENT in asked_for_by_setup(checkout)


def test_an_environment_whose_packages_are_missing_is_kept(checkout: Path) -> None:
    executable(checkout / ".venv/bin/python")
    (checkout / ".venv/pip").touch()

    asked = asked_for_by_setup(checkout)

    assert PACKAGES in asked
    assert NEW_ENVIRONMENT not in asked


@pytest.mark.parametrize("lost", [".venv/bin/python", ".venv/pip"])
def test_an_environment_whose_python_was_upgraded_away_is_made_anew(
    checkout: Path, lost: str
) -> None:
    """The Python is gone, or another one, which finds no pip among its packages."""
    asked_for_by_setup(checkout)
    (checkout / lost).unlink()

    assert NEW_ENVIRONMENT in asked_for_by_setup(checkout)


@pytest.mark.parametrize("relocate", [shutil.move, shutil.copytree])
def test_an_environment_from_another_folder_is_made_anew_once(
    checkout: Path, relocate: Callable[[Path, Path], object]
) -> None:
    """Its programs name the Python, and the project, of the folder that it was made in."""
    asked_for_by_setup(checkout)
    elsewhere = checkout.with_name("another checkout, its copy")
    relocate(checkout, elsewhere)

    asked = asked_for_by_setup(elsewhere)
    assert asked.index(NEW_ENVIRONMENT) < asked.index(PACKAGES)
    assert not [call for call in asked_for_by_setup(elsewhere) if call.startswith("-m")]


def test_the_count_of_packages_ends_with_a_setup_that_is_killed(checkout: Path) -> None:
    (checkout / "killing").touch()
    make = subprocess.Popen(
        MAKE, cwd=checkout, env=environment(), stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        make.communicate(timeout=60)  # its output ends when nothing can write to it any more
    finally:
        if make.stdout and not make.stdout.closed:
            os.killpg(make.pid, signal.SIGKILL)
    assert make.returncode != 0
    assert (checkout / "calls").read_text().splitlines()[-1] == PACKAGES
